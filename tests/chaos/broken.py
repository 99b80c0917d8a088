"""``python -m tests.chaos.broken stage shipments``: the stage with a fault put in on purpose, for the harness to find.

A chunk counts as done when it is begun, before anything of it is written.
"""

from __future__ import annotations

from topologies.cli.main import run
from topologies.runtime.chunks import Chunk

begin = Chunk.begin


def done_at_once(chunk: Chunk) -> bool:
    """As ``Chunk.begin``, and done with it."""
    begun = begin(chunk)
    if begun:
        chunk.done()
    return begun


if __name__ == "__main__":
    Chunk.begin = done_at_once  # type: ignore[method-assign]
    run()

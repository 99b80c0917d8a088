"""``python -m tests.chaos.broken stage shipments``: the stage with a fault put in on purpose, for the harness to find.

A chunk counts as done when it is begun, and is worked on only after its offset has been committed: what a worker has
in hand when it is killed is lost.
"""

from __future__ import annotations

import asyncio

from topologies.cli.main import run
from topologies.runtime.reading.chunks import Chunk
from topologies.runtime.runner import StageRunner
from topologies.runtime.state.partition import Partition

HELD_SECONDS = 1.0
"""Several intervals between commits of the scene: hardly a moment is without a chunk acknowledged and not written."""

begin = Chunk.begin
work = StageRunner._work


def done_at_once(chunk: Chunk) -> bool:
    """As ``Chunk.begin``, and done with it."""
    begun = begin(chunk)
    if begun:
        chunk.done()
    return begun


async def held(runner: StageRunner, chunk: Chunk, one: Partition) -> bool:
    """As ``StageRunner._work``, a while later."""
    await asyncio.sleep(HELD_SECONDS)  # the fault itself
    return await work(runner, chunk, one)


if __name__ == "__main__":
    Chunk.begin = done_at_once  # type: ignore[method-assign]
    StageRunner._work = held  # type: ignore[method-assign]
    run()

"""The keys of dwell norms: ``CARRIER:LANE:STATUS``."""

from __future__ import annotations

from collections.abc import Iterator

from streams.kernel.vocabulary import Status

ANY = "*"
"""Stands for every carrier or every lane."""


def key_of(carrier: str, lane: str, status: Status) -> str:
    """``CARRIER:LANE:STATUS``."""
    return f"{carrier}:{lane}:{status.value}"



def places(carrier: str, lane: str, status: Status) -> Iterator[tuple[str, str, Status]]:
    """The three norms of a dwell, from the most specific to the most general."""
    yield carrier, lane, status
    yield carrier, ANY, status
    yield ANY, ANY, status

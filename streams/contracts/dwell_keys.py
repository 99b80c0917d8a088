"""The keys dwells are counted and looked up under: ``CARRIER:LANE:STATUS``, from the nearest to the most general."""

from __future__ import annotations

from collections.abc import Iterator

from streams.kernel.vocabulary import Status

ANY = "*"
"""Stands for every carrier or every lane."""


def key_of(carrier: str, lane: str, status: Status) -> str:
    """``CARRIER:LANE:STATUS``."""
    return f"{carrier}:{lane}:{status.value}"



def places(carrier: str, lane: str, status: Status) -> Iterator[tuple[str, str, Status]]:
    """Where such a dwell is counted, and looked up: from the nearest to the most general."""
    yield carrier, lane, status
    yield carrier, ANY, status
    yield ANY, ANY, status

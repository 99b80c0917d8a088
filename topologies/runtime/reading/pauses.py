"""Chunks of a paused topic wait, and go on in the order they came in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from topologies.runtime.reading.chunks import Chunk, TopicPartition


def never_paused(topic: str) -> bool:
    """The records of no topic wait."""
    del topic
    return False


class Resuming:
    """Holds chunks back while ``is_paused`` says that their topic is; looks again every ``seconds``."""

    def __init__(self, is_paused: Callable[[str], bool]) -> None:
        self._is_paused = is_paused
        self._turns: dict[TopicPartition, asyncio.Lock] = {}

    async def wait(self, chunk: Chunk, seconds: float) -> None:
        """Return once the topic is resumed and the chunks before this one have gone on, or the partition went."""
        turn = self._turns.setdefault(chunk.tp, asyncio.Lock())
        if self._is_paused(chunk.topic) or turn.locked():
            async with turn:
                while self._is_paused(chunk.topic) and chunk.current():
                    await asyncio.sleep(seconds)

"""``python -m benchmarks.big_file``: what memory a large dropped file takes; for ``benchmarks.intake``, in a process of
its own that holds nothing else."""

from __future__ import annotations

import io
import json
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.payloads import x12_214
from connectors.formats import x12_cutting

BIG_FILE = 1_000_000_000


class _OneBigFile(io.RawIOBase):
    """An X12 file of so many bytes, made while it is read."""

    def __init__(self, size: int) -> None:
        rng = random.Random(1)
        whole = x12_214(rng, 1)
        begins, ends = whole.index(b"ST*"), whole.index(b"GE*")
        self._next = [whole[:begins], *([whole[begins:ends]] * (size // (ends - begins))), whole[ends:]]
        self._next.reverse()
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        parts, there = [self._held], len(self._held)
        while self._next and there < size:
            parts.append(self._next.pop())
            there += len(parts[-1])
        whole = b"".join(parts)
        self._held = whole[size:]
        return whole[:size]


def _peak_mb() -> float:
    """Peak resident memory of this process, MB; ``getrusage`` would tell its parent's where that held more."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def big_file() -> tuple[int, int, float, float]:
    """Bytes, pieces, peak MB of this process, and seconds of CPU of cutting 1 GB of X12."""
    begun, size, pieces = time.process_time(), 0, 0
    stream: Any = _OneBigFile(BIG_FILE)
    for piece in x12_cutting.split(stream, 512 * 1024):
        size, pieces = size + len(piece), pieces + 1
    peak = _peak_mb()
    return size, pieces, peak, time.process_time() - begun


if __name__ == "__main__":
    print(json.dumps(big_file()))

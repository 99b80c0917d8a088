"""Payloads that were once read wrong, where they lie: what each must become. ``make cases`` prints them.

The payloads are not ours to keep. Of each one of our own making, of the same shape with people and numbers made up,
lies in ``own/``; its right values stand in ``right.py``, the names and numbers of the payload itself in ``given.py``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

OWN_FOLDER = Path(__file__).parent / "own"
FOLDER = Path(os.environ.get("SHIPSYNC_CASES") or "/nonexistent")


@dataclass(frozen=True, slots=True)
class Case:
    """Files of one feed, received one after the other, and what is right of them: aspect (``aspects.py``) -> value.

    ``files``: separated by blanks. ``mapping``: a ``carrier.yaml`` (of ``mappings/``, else of the folder) that reads
    them in place of the packaged one. ``asked``: the number the poller asked for. ``orders``: number -> when an order
    began to claim it; without any, each number is claimed from the beginning. ``order_field``: the tracking number of
    an order of that carrier, as its clerk wrote it; then it is the only order.
    """

    files: str
    feed: str
    right: Mapping[str, str]
    mapping: str = ""
    asked: str = ""
    orders: Mapping[str, str] = field(default_factory=dict)
    order_field: str = ""

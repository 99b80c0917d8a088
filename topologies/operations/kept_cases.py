"""Reads what the kept cases of a carrier are to give: beside ``NAME.in.*`` lies ``NAME.out.json``.

A name that ends in ``.asked_NUMBER`` says for which number its answer was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Flag


class Recorded(NamedTuple):
    """The gaps that one case is to show: codes that the mapping does not know, and reasons to refuse it."""

    codes: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()


NOTHING = Recorded()
_ASKED = re.compile(r"\.asked_([^.]+)\.in\.")


def asked_for(file: Path) -> str:
    """The number that the case's answer was asked for; empty for none."""
    found = _ASKED.search(file.name)
    return "" if found is None else found[1]


def recorded(files: Iterable[Path]) -> dict[str, Recorded]:
    """By the file's name, what is written down of it; nothing of files beside which nothing lies. Raises Fatal for a
    result that cannot be read."""
    return {file.name: _of(result) for file in files if (result := _result(file)).is_file()}


def _result(file: Path) -> Path:
    return file.with_name(file.name.partition(".in.")[0] + ".out.json")


def _of(result: Path) -> Recorded:
    try:
        told: Mapping[str, Any] = json.loads(result.read_text("utf-8"))
        unknown = [one for one in told["events"] if Flag.CODE_UNMAPPED.value in one.get("flags", ())]
        return Recorded(
            frozenset(one.get("carrier_code", "") for one in unknown),
            frozenset(one["reason"] for one in told["rejects"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Fatal(f"{result} is no result of a case ({error!r}): write it anew, or remove it") from error

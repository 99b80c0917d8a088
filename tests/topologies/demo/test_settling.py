"""A demo waits for missing outputs as long as some of them arrive, and for repeats alone it does not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from topologies.demo import run as module
from topologies.demo.reconcile import TWICE_TOLD
from topologies.demo.run import PATIENCE_SECONDS, Run

REPEAT = f"1 message: {TWICE_TOLD}"


class Settled(Run):
    """A demo whose messages are all sent. ``missing``: how many outputs are, by the seconds since; one more arrives
    with each look where ``repeats``."""

    def __init__(self, missing: Callable[[float], int], *, repeats: bool) -> None:
        self.now, self._missing, self._repeats = 0.0, missing, repeats
        self._clock = lambda: self.now
        self.ledger = SimpleNamespace(entries=0)  # type: ignore[assignment]

    def _look(self, phase: str) -> None:  # noqa: ARG002
        self.now += 1.0
        self.ledger.entries = int(self.now) if self._repeats else 100 - self._missing(self.now)  # type: ignore[misc]

    def differences(self, _: object) -> list[str]:
        missing = self._missing(self.now)
        return [*([f"{missing} events are missing"] if missing else []), *([REPEAT] if self._repeats else [])]


def ended(
    missing: Callable[[float], int], patch: pytest.MonkeyPatch, *, repeats: bool = False
) -> tuple[float, list[str]]:
    """After how many seconds it ends, with which differences."""
    demo = Settled(missing, repeats=repeats)
    patch.setattr(module, "differences", demo.differences)
    found = demo._settle()
    return demo.now, found


def test_it_ends_once_all_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, found = ended(lambda _: 0, monkeypatch)
    assert (seconds < PATIENCE_SECONDS, found) == (True, [])


def test_what_arrives_slowly_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, found = ended(lambda now: max(0, 10 - int(now / 200)), monkeypatch)
    assert found == []
    assert seconds > 2000 > PATIENCE_SECONDS


@pytest.mark.parametrize("repeats", [False, True])
def test_what_never_arrives_is_not_waited_for_for_ever(*, repeats: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, found = ended(lambda _: 3, monkeypatch, repeats=repeats)
    assert found[0] == "3 events are missing"
    assert PATIENCE_SECONDS <= seconds < 2 * PATIENCE_SECONDS


def test_repeats_that_never_end_do_not_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, found = ended(lambda _: 0, monkeypatch, repeats=True)
    assert found == [REPEAT]
    assert seconds < 2 * PATIENCE_SECONDS

"""A secret of the installation's own is made once, for its user alone."""

from __future__ import annotations

import stat
from itertools import count
from pathlib import Path

from config.own_secret import kept


def test_it_is_made_once_and_stays(tmp_path: Path) -> None:
    numbers = count(1)
    file = tmp_path / "data" / "secret"
    assert [kept(file, lambda: f"secret-{next(numbers)}") for _ in range(3)] == ["secret-1"] * 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_of_two_that_make_it_at_once_both_have_that_of_the_first(tmp_path: Path) -> None:
    file = tmp_path / "secret"

    def while_another_is_quicker() -> str:
        assert kept(file, lambda: "first") == "first"
        return "second"

    assert kept(file, while_another_is_quicker) == "first"

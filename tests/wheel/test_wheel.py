"""A wheel holds all that ShipSync reads, and works where there is no repository.

The environment here borrows the libraries of the one the tests run in; ``make wheel`` installs them as a user does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import wheel as wheels


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels.build(tmp_path_factory.mktemp("wheel"), "--no-build-isolation", "--no-index")


def test_a_wheel_holds_every_module_and_data_file_and_nothing_else(wheel: Path) -> None:
    assert wheels.missing(wheel) == set()
    assert wheels.foreign(wheel) == set()


def test_what_is_installed_from_it_works_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    python = wheels.environment(tmp_path / "venv", borrow=True)
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index")
    wheels.ran(*pip, wheel, cwd=tmp_path)
    wheels.check(python, tmp_path)

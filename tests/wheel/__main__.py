"""``make wheel``: build the wheel, install it with all it needs in a new environment, and check what is installed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests import wheel as wheels


def main() -> None:
    """Print what was done; raises AssertionError where something is wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = wheels.build(folder)
        assert wheels.missing(wheel) == wheels.foreign(wheel) == set()
        python = wheels.environment(folder / "venv", borrow=False)
        wheels.ran(python, "-m", "pip", "install", "--quiet", f"shipsync[embedded] @ {wheel.as_uri()}", cwd=folder)
        wheels.ran(python, "-m", "pip", "check", cwd=folder)
        wheels.check(python, folder)
        print(f"{wheel.name} installs in a new environment and works there")


main()

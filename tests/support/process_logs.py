"""The ends of the logs of a test's processes, shown where the test fails."""

from __future__ import annotations

from pathlib import Path

LINES = 25
"""Of each log."""
MOST_BYTES = 64 * 1024


def ends_of_logs(folder: Path, lines: int = LINES) -> str:
    """The last lines of every ``*.log`` below the folder but RocksDB's, each under its name; empty without any."""
    shown = []
    for log in sorted(one for one in folder.rglob("*.log") if not one.stem.isdigit()):
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - MOST_BYTES))
            last = file.read().decode("utf-8", "replace").splitlines()[-lines:]
        if last:
            shown.append("\n".join([f"-- {log.relative_to(folder)}", *last]))
    return "\n".join(shown)

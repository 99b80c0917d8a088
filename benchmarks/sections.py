"""``benchmarks/SCALE.md``: one section for each of the commands that measure the state, each written by its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import machine

PAGE = Path(__file__).with_name("SCALE.md")
HEAD = "# The state at scale\n\nEach section is written by the command it names, on the machine it names.\n"


def put(title: str, command: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put a section into the page in place of the one of this title; sections stand in the order of their titles."""
    sections = _sections(page.read_text("utf-8")) if page.exists() else {}
    sections[title] = "\n".join(["", f"`{command}` on {machine()}.", "", *lines, ""])
    page.write_text(HEAD + "".join(f"\n## {name}\n{sections[name]}" for name in sorted(sections)), "utf-8")


def verdict(met: bool) -> str:
    """What was asked, in the last column of a table."""
    return "met" if met else "**not met**"


def _sections(text: str) -> dict[str, str]:
    parts = text.split("\n## ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}

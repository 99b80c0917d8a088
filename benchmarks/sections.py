"""The pages of results: one section for each of the commands that measure, each written by its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import machine

PAGE = Path(__file__).with_name("SCALE.md")
RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# The state at scale\n\nEach section is written by the command it names, on the machine it names.\n"


def put(title: str, command: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put a section into the page in place of the one of this title; the rest stays. A new one comes at the end, or at
    its place where sections stand in the order of their titles."""
    head, sections = _parts(page.read_text("utf-8")) if page.exists() else (HEAD, {})
    by_title = list(sections) == sorted(sections)
    sections[title] = "\n".join(["", f"`{command}` on {machine()}.", "", *lines, ""])
    page.write_text(_joined(head, dict(sorted(sections.items())) if by_title else sections), "utf-8")


def rewrite(text: str, page: Path) -> None:
    """Make ``text`` the page; sections of the page as it was that ``text`` does not have stay behind it."""
    head, sections = _parts(text)
    before = _parts(page.read_text("utf-8"))[1] if page.exists() else {}
    page.write_text(_joined(head, sections | {title: before[title] for title in before.keys() - sections}), "utf-8")


def verdict(met: bool) -> str:
    """The target, for the last column of a table."""
    return "met" if met else "**not met**"


def _parts(text: str) -> tuple[str, dict[str, str]]:
    head, *parts = text.split("\n## ")
    found = {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}
    return head.rstrip("\n") + "\n", {title: lines.rstrip("\n") + "\n" for title, lines in found.items()}


def _joined(head: str, sections: dict[str, str]) -> str:
    return head + "".join(f"\n## {title}\n{lines}" for title, lines in sections.items())

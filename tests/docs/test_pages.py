"""Everything README and ``docs/`` name exists: links and their headings, files, topics, commands with their options;
every folder stands on the map."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from config import topics
from tests.support.sources import PACKAGES, ROOT, label, modules
from topologies.cli.commands import COMMANDS, loaded

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:streams|connectors|topologies|config|avro|tests|docs|benchmarks|tools)/[\w/.-]*)`")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_TOPIC = re.compile(r"`([a-z]+(?:\.[a-z]+)+\.v\d)`")
_COMMAND = re.compile(r"\bshipsync ((?:[a-z]+ ?)+)((?:[^`\n|]*?--[a-z-]+)*)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_MADE_UP = re.compile(r"/(nordfracht|acme)\b")
"""Carriers the pages invent."""


def test_links_have_a_target() -> None:
    lost = [
        f"{label(page)}: {target}" for page in PAGES for target in _LINK.findall(_text(page))
        if "://" not in target and not _leads_somewhere(page, target)
    ]
    assert lost == []


def test_files_that_are_named_exist() -> None:
    lost = [
        f"{label(page)}: {name}" for page in PAGES for name in _FILE.findall(page.read_text("utf-8"))
        if not (ROOT / name).exists() and not _MADE_UP.search(name)
    ]
    assert lost == []


def test_tests_that_are_named_exist() -> None:
    named = [(label(page), *found) for page in PAGES for found in _TEST.findall(page.read_text("utf-8"))]
    lost = [
        one for one in named
        if not (ROOT / one[1]).exists() or f"def {one[2]}(" not in (ROOT / one[1]).read_text("utf-8")
    ]
    assert len(named) > 30
    assert lost == []


def test_every_finding_of_the_audit_is_in_the_table_with_what_checks_it() -> None:
    rows = re.findall(r"^\| (\d+(?:, \d+)*) (.+) \|$", (ROOT / "docs" / "security.md").read_text("utf-8"), re.MULTILINE)
    assert [int(number) for numbers, _ in rows for number in numbers.split(", ")] == list(range(1, 21))
    assert [text for _, text in rows if not re.search(r"`tests/|`python -m ", text.rpartition(" | ")[2])] == []


def test_topics_that_are_named_exist() -> None:
    known = {topic.name for topic in topics.STATIC}
    lost = [
        f"{label(page)}: {name}" for page in PAGES for name in _TOPIC.findall(page.read_text("utf-8"))
        if name not in known and not name.startswith("raw.")
    ]
    assert lost == []


def test_commands_that_are_named_exist() -> None:
    lost = [
        f"{label(page)}: shipsync {words.strip()}{options}"
        for page in PAGES for code in _code(page) for words, options in _COMMAND.findall(code)
        if not _is_command(words.split(), re.findall(r"--[a-z-]+", options))
    ]
    assert lost == []


def test_every_folder_stands_on_the_map() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    [drawn] = re.findall(r"^## The map$.*?^```\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    found, above = set[str](), list[str]()
    for line in drawn.splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0].rstrip("/")
        above[depth:] = [name]
        found.add("/".join(above))
    folders = {label(path.parent) for path in modules() if "connectors/carriers/" not in label(path.parent)}
    assert found - {"avro"} == folders | set(PACKAGES)


def _code(page: Path) -> list[str]:
    """Spans and blocks of code."""
    text = page.read_text("utf-8")
    return [*_FENCE.findall(text), *re.findall(r"`([^`]+)`", _FENCE.sub("", text))]


_loaded = cache(loaded)


def _is_command(words: list[str], options: list[str]) -> bool:
    if words[0] not in COMMANDS:
        return False
    command: Any = _loaded(words[0])
    for word in words[1:]:
        if not isinstance(command, TyperGroup):
            break
        if word not in command.commands:
            return False
        command = command.commands[word]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return known.issuperset(options)


def _text(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def _leads_somewhere(page: Path, target: str) -> bool:
    path, _, heading = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not heading or heading in _headings(file))


def _headings(page: Path) -> set[str]:
    """As GitHub names them."""
    titles = re.findall(r"^#+ (.*)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

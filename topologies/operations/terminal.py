"""Text for a terminal: foreign text is shown as it stands, and controls nothing.

Every command prints through this module. Whatever it prints may come from a carrier: rich markup (``[/x]``) and emoji
codes (``:one:``) are plain characters; control characters and those that turn the direction of writing are shown as
escapes, such as ``\\x1b``.
"""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console
from rich.style import StyleType
from rich.text import Text

_IN_SEVERAL_LINES = {"\n", "\t"}


def printable(text: str) -> str:
    """Text of several lines with every other control character as an escape."""
    return "".join(one if one.isprintable() or one in _IN_SEVERAL_LINES else _escape(one) for one in text)


def one_line(text: str) -> str:
    """Text with every control character as an escape, line breaks and tabs too: it cannot pass for a further line."""
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def safe(text: str, style: StyleType = "") -> Text:
    """Text of several lines for a rich console."""
    return Text(printable(text), style)


def cut(text: str, most: int) -> str:
    """At most so many characters, and how many there were."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def echo(text: str, *, err: bool = False) -> None:
    """Print one line; ``err``: to standard error."""
    typer.echo(one_line(text), err=err)


def echo_text(text: str) -> None:
    """Print text of several lines."""
    typer.echo(printable(text))


def echo_json(value: Any, *, indent: int | None = 2) -> None:
    """Print plain data as JSON in which no character controls a terminal; ``indent`` None: in one line."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    typer.echo("".join(one if one.isprintable() or one == "\n" else _json_escape(one) for one in text))


class PlainConsole(Console):
    """A console that prints text as it stands. ``in_lines``: a long line is left to the terminal to fold, as always in
    a pipe."""

    def __init__(self, *, stderr: bool = False, in_lines: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=in_lines)
        self.soft_wrap = in_lines or not self.is_terminal

    def print(self, *objects: Any, **how: Any) -> None:
        """Prints as rich does, but each string as plain text in one line."""
        super().print(*(Text(one_line(one)) if isinstance(one, str) else one for one in objects), **how)


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")


def _json_escape(one: str) -> str:
    return json.dumps(one)[1:-1] if one > "\x7f" else f"\\u{ord(one):04x}"

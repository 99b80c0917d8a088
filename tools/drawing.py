"""Puts what is drawn from the code into a page of the docs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
END = "<!-- end of the drawing -->"


def drawn(page: str, tool: str, lines: Iterable[str]) -> str:
    """The page with these lines between the marks of ``tools/TOOL.py``. Raises ValueError for a page without them."""
    begin = f"<!-- drawn by tools/{tool}.py -->"
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(END)}", re.DOTALL)
    if len(between.findall(page)) != 1:
        raise ValueError(f"the page is to hold {begin} and {END}, once")
    text = "\n".join([begin, *lines, END])
    return between.sub(lambda _: text, page)

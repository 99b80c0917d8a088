"""Makes ``docs/demo.svg``: plays the demo on a stack of its own and draws its last screen.

    python tools/demo_picture.py
"""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from config.settings import load
from topologies.demo.hosting import own_stack_apart, plays_all
from topologies.demo.presenting import CHECK_SECONDS, FRESH_SEED
from topologies.demo.run import Run, wall_clock_ms
from topologies.demo.stage import Lines
from topologies.demo.stories import tell
from topologies.demo.summary import verdict, view

PICTURE = Path(__file__).parent.parent / "docs" / "demo.svg"
SHIPMENTS, COLUMNS = 300, 100
FORMAT = re.sub(r"\n *@font-face {{.*?}}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace("Fira Code, ", "")
"""Rich's own, without fonts from elsewhere."""


def main() -> None:
    """Play, and draw what the screen shows at the end."""
    progress = Console(stderr=True)
    with own_stack_apart(load(), progress, lambda: True) as stack:
        plan = tell(FRESH_SEED, wall_clock_ms(), SHIPMENTS, CHECK_SECONDS, on_own_stack=plays_all(stack.settings))
        run = Run(stack.settings, plan, Lines(progress), beside=stack.look)
        result = run()
    drawn = Console(record=True, width=COLUMNS, file=StringIO())
    drawn.print(view(run.last_summary))
    drawn.print(verdict(result))
    PICTURE.write_text(drawn.export_svg(title="make run", code_format=FORMAT), "utf-8")


if __name__ == "__main__":
    main()

"""Shows the demo's progress: a live screen on a terminal, a line now and then elsewhere, or nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.live import Live

from topologies.demo.summary import Summary, plain_line, view

LINE_SECONDS = 5.0


class Show(Protocol):
    """Receives a new summary about twice a second."""

    def show(self, summary: Summary) -> None:
        """Show ``summary``."""


class Screen:
    """The live screen."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=4, transient=True)

    def show(self, summary: Summary) -> None:
        """Redraw the screen."""
        self._live.update(view(summary))

    def __enter__(self) -> Screen:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class Lines:
    """One plain line every few seconds, and one for each new phase."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_s, self._phase = float("-inf"), ""

    def show(self, summary: Summary) -> None:
        """Print a line if one is due."""
        if summary.phase == self._phase and summary.elapsed_s - self._last_s < LINE_SECONDS:
            return
        self._last_s, self._phase = summary.elapsed_s, summary.phase
        self._console.print(plain_line(summary), markup=False, highlight=False, soft_wrap=True)

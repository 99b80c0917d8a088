"""Draws the state machine of a booking into docs/bookings.md: ``python -m tools.booking_machine``."""

from __future__ import annotations

from collections.abc import Iterator

from streams.bookings.machine import MAY_DECIDE, TRANSITIONS
from streams.kernel.booking_vocabulary import LIVE, BookingPhase, BookingStatus
from tools import drawing
from tools.drawing import DOCS

PAGE = DOCS / "bookings.md"


def drawn(page: str) -> str:
    """The page with the drawing as the code has it. Raises ValueError for a page without a place for it."""
    return drawing.drawn(page, "booking_machine", [*_diagram(), "", *_table(), "", *_decisions()])


def _diagram() -> Iterator[str]:
    """The usual way; answers that come too late are in the table alone."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> asked"
    for status, row in TRANSITIONS.items():
        if status not in LIVE:
            continue
        labels: dict[BookingStatus, list[str]] = {}
        for event, target in row.items():
            if target is not status:
                labels.setdefault(target, []).append(event.value)
        for target, events in labels.items():
            yield f"    {status.value} --> {target.value}: {', '.join(events)}"
    for status in TRANSITIONS:
        if status not in LIVE:
            yield f"    {status.value} --> [*]"
    yield "```"


def _table() -> Iterator[str]:
    yield "| from | by | to |"
    yield "|---|---|---|"
    for status, row in TRANSITIONS.items():
        for event, target in row.items():
            yield f"| `{status.value}` | {event.value} | {target.value} |"


def _decisions() -> Iterator[str]:
    yield "| decision | possible where the delivery is |"
    yield "|---|---|"
    for action, phases in MAY_DECIDE.items():
        yield f"| `{action.value}` | {', '.join(one.value for one in BookingPhase if one in phases)} |"


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

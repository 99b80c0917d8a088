"""Draws the state machine of a delivery into docs/fulfilment.md: ``python -m tools.fulfilment_machine``."""

from __future__ import annotations

from collections.abc import Iterator

from streams.fulfilment.machine import MAY_DECIDE, TRANSITIONS, Event
from streams.fulfilment.phases import FINAL
from streams.kernel.vocabulary import DeliveryPhase
from tools import drawing
from tools.drawing import DOCS

PAGE = DOCS / "fulfilment.md"
_RARE = frozenset({Event.RETRACTED, Event.EXPECTED})


def drawn(page: str) -> str:
    """The page with the drawing as the code has it. Raises ValueError for a page without a place for it."""
    return drawing.drawn(page, "fulfilment_machine", [*_diagram(), "", *_table(), "", *_decisions()])


def _diagram() -> Iterator[str]:
    """The usual way: what leaves a final phase, and what is taken back, is in the table alone."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    [*] --> open"
    for phase, row in TRANSITIONS.items():
        if phase in FINAL:
            continue
        labels: dict[DeliveryPhase, list[str]] = {}
        for event, to in row.items():
            for target in sorted(to - {phase}, key=list(DeliveryPhase).index):
                if event not in _RARE and not _goes_back(phase, target):
                    labels.setdefault(target, []).append(event.value)
        for target, events in labels.items():
            yield f"    {phase.value} --> {target.value}: {', '.join(events)}"
    for phase in DeliveryPhase:
        if phase in FINAL:
            yield f"    {phase.value} --> [*]"
    yield "```"


def _goes_back(phase: DeliveryPhase, target: DeliveryPhase) -> bool:
    order = list(DeliveryPhase)
    return target not in FINAL and order.index(target) < order.index(phase)


def _table() -> Iterator[str]:
    yield "| from | by | to |"
    yield "|---|---|---|"
    for phase, row in TRANSITIONS.items():
        for event, to in row.items():
            targets = ", ".join(one.value for one in DeliveryPhase if one in to)
            yield f"| `{phase.value}` | {event.value} | {targets} |"


def _decisions() -> Iterator[str]:
    yield "| decision | possible in |"
    yield "|---|---|"
    for action, phases in MAY_DECIDE.items():
        yield f"| `{action.value}` | {', '.join(one.value for one in DeliveryPhase if one in phases)} |"


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()

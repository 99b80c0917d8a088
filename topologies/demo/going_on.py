"""The story after the play: a few shipments a minute, chapter by chapter, until somebody ends it.

Each chapter is a small demo of its own, accounted for like the first and then forgotten, so that memory is bounded.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType

from rich.console import Console
from rich.status import Status

from streams.kernel.errors import Transient
from topologies.demo.planned import Plan
from topologies.demo.reconcile import Totals, without_repeats
from topologies.demo.run import Run, wall_clock_ms
from topologies.demo.stories import chapter
from topologies.demo.summary import Summary
from topologies.local_stack.stack import Stack

SHIPMENTS, SECONDS = 5, 60.0


@dataclass(frozen=True, slots=True)
class Told:
    """The sums of all chapters. ``repeated``: kinds of outputs that were sent again under the id they had, because a
    stage was killed meanwhile; ``stopped``: why the story did not go on to the end; empty: it did."""

    chapters: int = 0
    raw_records: int = 0
    with_events: int = 0
    refused: int = 0
    carrier_errors: int = 0
    shipments: int = 0
    customer_updates: int = 0
    erp_postings: int = 0
    repeated: int = 0
    differences: tuple[str, ...] = ()
    stopped: str = ""

    def and_then(self, one: Totals, *, after_a_restart: bool) -> Told:
        """With another chapter. ``after_a_restart``: a stage was started again while it was told."""
        found = (without_repeats(one) if after_a_restart else one).differences
        return replace(
            self, chapters=self.chapters + 1, raw_records=self.raw_records + one.raw_records,
            with_events=self.with_events + one.raw_with_events, refused=self.refused + one.raw_refused,
            carrier_errors=self.carrier_errors + one.raw_carrier_errors, shipments=self.shipments + one.shipments,
            customer_updates=self.customer_updates + one.customer_updates,
            erp_postings=self.erp_postings + one.erp_postings,
            repeated=self.repeated + len(one.differences) - len(found),
            differences=(*self.differences, *found)[:20],
        )


class StatusLine:
    """Shows how far the story is, in one line that changes."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self.told = Told()

    def show(self, summary: Summary) -> None:
        """Change the line."""
        shipments = self.told.shipments + summary.totals.shipments
        records = self.told.raw_records + summary.totals.raw_records
        self._status.update(
            f"the story goes on: {shipments:,} more shipments, {records:,} more messages so far; Ctrl-C ends it"
        )


def go_on(stack: Stack, seed: int, console: Console) -> Told:
    """Tell chapter after chapter until Ctrl-C; the last is then told to its end at once. A second Ctrl-C raises
    KeyboardInterrupt. Where the story cannot go on, the stack stays up without it."""
    told = Told()

    def look() -> None:
        stack.look()
        if stack.is_broken:
            raise Transient("the embedded broker is gone, and what it held")

    with _asked_to_end() as is_over, console.status("the story goes on; Ctrl-C ends it") as status:
        line = StatusLine(status)
        try:
            while not is_over():
                before = stack.restarts
                one = Run(stack.settings, _chapter(seed, told.chapters), line, beside=look, hurried=is_over)()
                told = told.and_then(one, after_a_restart=stack.restarts > before)
                line.told = told
        except Transient as error:
            told = replace(told, stopped=str(error))
            status.update("the story has stopped, the stack stays up; Ctrl-C ends it")
            stack.run(is_over)
    return told


def sentence(first: Totals, told: Told) -> str:
    """The sums of the demo and all chapters in words, and whether they are explained."""
    records = first.raw_records + told.raw_records
    words = (
        f"Told in all: {records:,} raw records of {first.shipments + told.shipments:,} shipments ="
        f" {first.raw_with_events + told.with_events:,} read into events +"
        f" {first.raw_refused + told.refused:,} dead letters +"
        f" {first.raw_carrier_errors + told.carrier_errors:,} carriers' errors +"
        f" {first.raw_acknowledgements:,} acknowledgements; {first.customer_updates + told.customer_updates:,} customer"
        f" updates, {first.erp_postings + told.erp_postings:,} ERP postings."
    )
    differences = (*first.differences, *told.differences)
    if told.stopped:
        words += f" The story stopped: {told.stopped}."
    if told.repeated:
        words += " After a stage was killed, outputs were sent again under the id they had."
    return f"{words} {'It differs: ' + '; '.join(differences) if differences else 'Every message is explained.'}"


def _chapter(seed: int, number: int) -> Plan:
    return chapter(seed, number, wall_clock_ms(), SHIPMENTS, SECONDS)


@contextmanager
def _asked_to_end() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C (or SIGTERM) came; the second raises KeyboardInterrupt. Main thread only."""
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt(signal.Signals(number).name)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

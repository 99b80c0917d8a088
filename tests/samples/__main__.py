"""``make samples``: what becomes of every real payload in the folder SHIPSYNC_SAMPLES names, source by source.

Ends with 1 where a file is neither read into events, nor an answer of the carrier's that it has nothing to tell, nor
refused for a reason of its own.
"""

from __future__ import annotations

import sys
from itertools import groupby

from rich.console import Console
from rich.table import Column, Table

from streams.intake.step import IntakeResult
from streams.kernel.vocabulary import RejectReason
from tests.samples import EXPECTED, FEED_OF, FOLDER, events_of, reasons_of, spelled_out, taken_in
from topologies.operations.terminal import cut, printable

WORDS = 76


def runs(names: list[str]) -> str:
    """Milestones in order, a run of the same as ``in_transit*3``."""
    counted = [(name, len(list(same))) for name, same in groupby(names)]
    return " ".join(name if times == 1 else f"{name}*{times}" for name, times in counted)


def neither(taken: IntakeResult | None) -> bool:
    """Whether nothing true was made of the file."""
    return taken is None or not (events_of(taken) or reasons_of(taken)) or any(
        reject.reason in (RejectReason.INTERNAL, RejectReason.UNKNOWN_FEED) for _, reject in taken.refused
    )


def verdict(name: str, taken: IntakeResult | None) -> str:
    """Whether this is what a person reads in the file."""
    if taken is None:
        return "no feed reads it"
    if neither(taken):
        return "neither event nor reason"
    if name not in EXPECTED:
        return "nobody has read it"
    milestones = [event.milestone.value for event in events_of(taken)]
    expected = (spelled_out(EXPECTED[name][0]), EXPECTED[name][1].split())
    return "" if (milestones, reasons_of(taken)) == expected else "not what is expected"


def said(taken: IntakeResult) -> str:
    """Why something in it is no event, in words."""
    words = [str(reject) for _, reject in taken.refused]
    words += [f"carrier_error ({error.kind.value}): {error.detail}" for _, error in taken.outputs.carrier_errors]
    return printable(cut("; ".join(words), WORDS))


def main() -> int:
    """Print the table; how many files are wrong."""
    if not FOLDER.is_dir():
        sys.stderr.write("SHIPSYNC_SAMPLES names no folder of payloads: nothing to read.\n")
        return 0
    table = Table(
        Column("source", no_wrap=True), Column("file", overflow="fold"), Column("events", justify="right"),
        Column("milestones", overflow="fold", ratio=3),
        Column("refused, or the carrier says", overflow="fold", ratio=3), Column("wrong", style="red"),
        title=f"Real payloads: {len(FEED_OF)} sources known",
    )
    found = taken_in(FOLDER)
    wrong = events = refused = errors = 0
    last = ""
    for name, taken in found.items():
        source, _, file = name.partition("/")
        here = verdict(name, taken)
        wrong += bool(here)
        shown = f"{source} ({FEED_OF.get(source, 'no feed')})" if source != last else ""
        if taken is None:
            table.add_row(shown, file, "", "", "", here)
        else:
            milestones = [event.milestone.value for event in events_of(taken)]
            events, refused = events + len(milestones), refused + len(taken.refused)
            errors += len(taken.outputs.carrier_errors)
            table.add_row(shown, file, str(len(milestones)), runs(milestones), said(taken), here, end_section=False)
        last = source
    Console(width=None if sys.stdout.isatty() else 200, highlight=False).print(table)
    sys.stdout.write(
        f"{len(found)} files: {events} events, {refused} refusals, {errors} carrier errors, {wrong} files wrong\n"
    )
    return min(wrong, 1)


sys.exit(main())

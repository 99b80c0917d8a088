"""``make cases``: every case of our own and in the folder SHIPSYNC_CASES, right or wrong. Ends with 1 where one is
wrong."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Column, Table

from connectors.carriers import CarrierFileError
from tests.cases import FOLDER, OWN_FOLDER
from tests.cases.given import CASES
from tests.cases.right import CASES as OWN
from tests.cases.running import compared, outcome_of, packaged
from topologies.operations.terminal import safe


def main() -> int:
    """Print the table; 1 where a case is wrong."""
    cases = [(case, OWN_FOLDER) for case in OWN]
    if FOLDER.is_dir():
        cases += [(case, FOLDER) for case in CASES]
    else:
        sys.stderr.write("SHIPSYNC_CASES names no folder of cases: those of our own alone.\n")
    table = Table(
        Column("case", overflow="fold", ratio=2), Column("feed", no_wrap=True), Column("", no_wrap=True),
        Column("what is right, and below it what came where it is wrong", overflow="fold", ratio=5),
        title="Cases that were once read wrong",
    )
    adapters = packaged()
    wrong = 0
    for case, folder in cases:
        try:
            rows = list(compared(case, outcome_of(case, adapters, folder)))
        except CarrierFileError as error:
            rows = [("mapping", "readable", str(error))]
        bad = [(aspect, right, came) for aspect, right, came in rows if right != came]
        wrong += bool(bad)
        words = [f"{aspect}: {right or '(none)'}" for aspect, right, came in rows if right == came]
        words += [f"{aspect}: {right or '(none)'}\n  not: {came or '(none)'}" for aspect, right, came in bad]
        table.add_row(
            case.files, case.feed, "[red]wrong[/]" if bad else "[green]right[/]", safe("\n".join(words)),
        )
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(table)
    sys.stdout.write(f"{len(cases)} cases: {len(cases) - wrong} right, {wrong} wrong\n")
    return min(wrong, 1)


sys.exit(main())

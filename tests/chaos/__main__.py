"""``make chaos``: faults under steady load on Apache Kafka; prints what each lost, doubled and changed.

Also how long the workers took to be back. Ends with 1 where a promise was not kept.

``--broken`` runs workers with a fault put in on purpose (an acknowledgement before its outputs): the harness then has
to find it, and ends with 1 where it does not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from config.settings import Processing, Settings
from connectors.kafka.registry import Registry
from tests.chaos.broken import HELD_SECONDS
from tests.chaos.faults import FAULTS, SHORT, Fault
from tests.chaos.scene import BROKEN_COMMAND, Beat, Load, scene
from tests.chaos.verdict import Verdict, compared, doubled
from tests.day.outcome import Outcome, expected, read
from tests.day.recording import Day, record
from tests.support.brokers import registry
from tests.support.stage_worker import STAGE_COMMAND
from tests.support.waiting import eventually

MODES = (Processing.AT_LEAST_ONCE, Processing.EXACTLY_ONCE)
EVENTS, RATE, SEED = 20_000, 500.0, 23
LONGEST = 900.0


class Play(NamedTuple):
    """One fault to be played in one mode. ``seed``: of the order in which the day's records are sent."""

    fault: Fault
    mode: Processing
    seed: int


def in_turn(plays: Iterable[Play], at_once: int, act: Callable[[Play], Verdict]) -> Iterator[Verdict]:
    """The verdicts in the order of the plays, so many at a time; after an error the rest is left out."""
    pool = ThreadPoolExecutor(at_once)
    try:
        yield from pool.map(act, plays)
    finally:
        pool.shutdown(cancel_futures=True)


def run(day: Day, plain: Outcome, fault: Fault, mode: Processing, rate: float, seed: int, command: Sequence[str],
        beat: Beat, late: float = 0.0) -> Verdict:
    """One fault in one mode. Raises AssertionError where Kafka leaves transactions open, or the workers never catch up.

    ``late``: how many seconds after their acknowledgement the workers write: what is late is not lost.
    """
    with tempfile.TemporaryDirectory(prefix="shipsync-chaos-") as folder, scene(Path(folder), mode, command) as stage:
        load = Load(stage.settings, day, rate, seed)
        load.start()
        beat(f"{fault.what}, {mode.value}")
        fault.act(stage, load)
        ended = time.monotonic()
        assert (left_out := stage.broker.ends_left_out()) == [], f"Kafka left transactions open: {left_out[0]}"
        recovered: float | None = None

        def over() -> bool:
            nonlocal recovered
            if load.failed is not None:
                raise load.failed
            stage.supervise()
            sent, done = load.sent, stage.done()
            if recovered is None and sent - done <= rate:
                recovered = time.monotonic() - ended
            beat(f"{fault.what}, {mode.value}: {done:,} of {load.total:,}")
            return load.is_over and done >= load.total

        eventually(over, LONGEST, interval=0.2, what="the workers catch up with the load")
        if late:
            stage.quiet(3 * late)
        return compared(
            fault.what, mode, read(stage.settings, day), plain, doubled(stage.settings), recovered or 0.0
        )


def shown(verdicts: Sequence[Verdict]) -> Table:
    """The table."""
    table = Table("fault", "processing", "lost", "doubled", "state", "back after", "verdict")
    for one in verdicts:
        table.add_row(
            one.fault, one.mode.value, str(one.lost), str(one.doubled),
            "equal" if not one.unequal else f"{one.unequal} differ", f"{one.recovery:.0f} s",
            "holds" if one.holds else "FAILS",
        )
    return table


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The table, as docs/reliability.md keeps it."""
    lines = ["| fault | processing | lost | doubled | state | back after | verdict |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| {one.fault} | {one.mode.value} | {one.lost} | {one.doubled} |"
        f" {'equal' if not one.unequal else f'{one.unequal} differ'} | {one.recovery:.0f} s |"
        f" {'holds' if one.holds else '**fails**'} |" for one in verdicts
    ]
    return "\n".join(lines)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"{', '.join(FAULTS)}; all without any")
    parser.add_argument("--short", action="store_true", help=f"{', '.join(SHORT)} only")
    parser.add_argument("--mode", choices=[mode.value for mode in MODES], help="one way of writing only")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rate", type=float, default=RATE, help="records a second")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--at-once", type=int, default=1, metavar="N",
        help="so many faults at a time, each on a Kafka of its own; 'back after' says less then",
    )
    parser.add_argument("--broken", action="store_true", help="with a fault put in on purpose, to be found")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    if unknown := sorted({*asked.faults} - FAULTS.keys()):
        parser.error(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    names = asked.faults or (SHORT if asked.short else tuple(FAULTS))
    modes = [mode for mode in MODES if asked.mode in (None, mode.value)]
    command, late = (BROKEN_COMMAND, HELD_SECONDS) if asked.broken else (STAGE_COMMAND, 0.0)
    console = Console(stderr=True, highlight=False)
    day = record(asked.events, SEED, time.time_ns() // 1_000_000)
    with registry() as url:
        plain = expected(Registry(Settings(registry_url=url)), day)
    plays = [
        Play(FAULTS[name], mode, SEED + turn) for turn in range(asked.rounds) for name in names for mode in modes
    ]
    verdicts: list[Verdict] = []
    with console.status("a broker starts") as status:
        def act(one: Play) -> Verdict:
            return run(day, plain, one.fault, one.mode, asked.rate, one.seed, command, status.update, late)

        for found in in_turn(plays, asked.at_once, act):
            verdicts.append(found)
            console.print(
                f"{'holds' if found.holds else 'FAILS'}: {found.fault}, {found.mode.value}: {found.lost} lost,"
                f" {found.doubled} doubled, {found.unequal} records differ, back after {found.recovery:.0f} s"
            )
    if asked.json:
        print(json.dumps([{**one._asdict(), "holds": one.holds} for one in verdicts], indent=2))
    elif asked.markdown:
        print(markdown(verdicts))
    else:
        Console(highlight=False).print(shown(verdicts))
    kept = all(one.holds for one in verdicts)
    if asked.broken:
        print("The fault put in on purpose was " + ("not found." if kept else "found."))
    return int(kept == asked.broken)


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.day``: a recorded day in three random orders ends in identical topics, though workers are killed.

Ends with 1 where it does not, and says in what.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import ShipmentState
from tests.day.outcome import differences, expected, unaccounted
from tests.day.recording import Day, record
from tests.day.replay import Replay, replay
from tests.support.brokers import registry

EVENTS, SEED = 200_000, 17
KILLS = (0.2, 0.45, 0.7)
"""How much of the day is done when one of the workers is killed, replay by replay."""


def main() -> int:
    """Record, replay, compare; 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.day", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    day = record(asked.events, asked.seed, time.time_ns() // 1_000_000)
    console.print(
        f"{len(day.events) + len(day.bad):,} records of carriers ({day.distinct:,} events, {len(day.bad)} bad ones), "
        f"{len(day.references):,} of orders, {len(day.cancelled)} orders cancelled"
    )
    found: list[Replay] = []
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as progress:
        for number, kill_after in enumerate(KILLS, 1):
            task = progress.add_task(f"replay {number}", total=None)
            with tempfile.TemporaryDirectory(prefix="shipsync-day-") as folder:
                found.append(replay(
                    day, asked.seed + number, kill_after, Path(folder),
                    lambda what: progress.update(task, description=f"replay {number}: {what}"),  # noqa: B023
                ))
            progress.update(task, description=f"replay {number}: done", total=1, completed=1)
    return _compared(day, found, console)


def _compared(day: Day, found: list[Replay], console: Console) -> int:
    with registry() as url:
        known = Registry(Settings(registry_url=url))
        states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, known)
        plain = expected(known, day)
    wrong: list[str] = []
    for number, one in enumerate(found, 1):
        outcome = one.outcome
        console.print(
            f"replay {number}: {one.seconds:.0f} s; a worker killed with {one.killed_at:,} records done and"
            f" {one.left:,} to do; {len(outcome.states):,} states, {len(outcome.updates):,} updates,"
            f" {len(outcome.milestones):,} milestones, {len(outcome.alerts):,} alerts open, {outcome.refused} refused"
        )
        wrong += differences(f"replay {number} and the plain step", outcome, plain)
        wrong += differences(f"replays {number} and 1", outcome, found[0].outcome)
        wrong += unaccounted(day, outcome, states)
    for line in wrong:
        console.print(line, style="red")
    console.print("All of it is identical." if not wrong else f"{len(wrong)} differences.")
    return min(1, len(wrong))


sys.exit(main())

"""``python -m benchmarks``: runs every scenario and writes ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks import report, scenarios, sections
from benchmarks.latency import latency

T = TypeVar("T")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run that writes nothing")
    parser.add_argument("--runs", type=int, default=3, help="runs of each throughput scenario (3)")
    asked = parser.parse_args()
    events, slow, held, seconds = (8_000, 1_000, 20_000, 5) if asked.quick else (200_000, 12_000, 1_000_000, 20)
    runs = 1 if asked.quick else asked.runs
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns) as progress:

        def shown(name: str, scenario: Callable[[scenarios.Beat], T]) -> T:
            task = progress.add_task(name, total=None)
            found = scenario(lambda what: progress.update(task, description=f"{name}: {what}"))
            progress.update(task, description=f"{name}: done", total=1, completed=1)
            return found

        together, in_turn, theirs = [], [], []
        for number in range(1, runs + 1):
            together.append(shown(f"both stages, run {number}", lambda beat: scenarios.ours(events, beat)))
            theirs.append(shown(f"idiomatic Faust, run {number}", lambda beat: scenarios.idiomatic(slow, beat)))
            in_turn.append(
                shown(f"stage by stage, run {number}", lambda beat: scenarios.stage_by_stage(events, beat))
            )
        delay = shown("latency at 1,000 events/s", lambda beat: latency(1_000, seconds, beat))
        state = shown(f"{held:,} shipments in state", lambda beat: scenarios.memory(held, beat))
    text = report.page(together, in_turn, theirs, delay, state)
    if asked.quick:
        print(text)
    else:
        sections.rewrite(text, sections.RESULTS)
        print(f"written: {sections.RESULTS}")


if __name__ == "__main__":
    main()

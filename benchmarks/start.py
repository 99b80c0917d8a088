"""``python -m benchmarks.start``: how long a stage takes from its start to its first record, and ``shipsync --help``.

A worker of ``shipments`` is started on a topic with one event, stopped, started again on the same data with one event
more, then killed and started. *imported*: its metrics port answers; *ready*: its partitions are assigned; *first
record*: the event's output is readable. ``--before FOLDER`` measures another checkout in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import cluster, processes, scenarios, sections
from config import topics
from config.settings import Settings
from streams.kernel.vocabulary import Milestone

STAGE = "shipments"
LOOK_SECONDS = 0.02
STARTS = ("first", "after a stop", "after a kill")
HELP_RUNS = 5
WANTED_SECONDS = 5.0
SESSION = {"session_timeout": 10.0, "rebalance_timeout": 15.0, "stuck_timeout": 60.0}
"""Sets the time-outs (seconds) that installations have unless they say otherwise."""


class Start(NamedTuple):
    """One start: seconds from the exec of the process."""

    broker: str
    code: str
    which: str
    imported: float
    ready: float
    first_record: float


def starts(broker: str, name: str, code: Path | None) -> list[Start]:
    """The starts of one worker on one broker."""
    found = []
    with (
        tempfile.TemporaryDirectory() as folder, cluster.cluster(Path(folder), broker, **SESSION) as settings,
        cluster.Counter(settings, topics.SHIPMENT_EVENTS.name) as counter,
    ):
        for place, which in enumerate(STARTS):
            scenarios.send_events(settings, 1, list(Milestone)[place], place * 3_600_000)
            worker, seconds = _start(settings, counter, place + 1, code)
            found.append(Start(broker, name, which, *seconds))
            if place == 1:
                worker.process.kill()
            worker.end()
    return found


def _start(
    settings: Settings, counter: cluster.Counter, count: int, code: Path | None
) -> tuple[processes.Worker, tuple[float, float, float]]:
    began = time.perf_counter()
    worker, port = processes.stage(settings, STAGE, code)
    processes.until(worker, lambda: processes.listening(port), LOOK_SECONDS)
    imported = time.perf_counter() - began
    processes.until(worker, lambda: processes.assigned(port), LOOK_SECONDS)
    ready = time.perf_counter() - began
    first = counter.wait(count, scenarios.PATIENCE) - began
    return worker, (imported, ready, first)


def help_seconds(code: Path | None) -> float:
    """The median time ``shipsync --help`` takes."""
    env = {**os.environ, **({} if code is None else {"PYTHONPATH": str(code)})}
    taken = []
    for _ in range(HELP_RUNS):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "topologies.cli.main", "--help"], check=True, stdout=subprocess.DEVNULL, env=env,
            cwd=code,
        )
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def lines(found: Sequence[Start], helps: dict[str, float], load_average: float) -> list[str]:
    """The section as it stands in RESULTS.md."""
    rows = []
    for broker, code, which in dict.fromkeys(one[:3] for one in found):
        runs = [one for one in found if one[:3] == (broker, code, which)]
        cells = " | ".join(f"{statistics.median(column):.1f}" for column in list(zip(*runs, strict=True))[3:])
        rows.append(f"| {broker} | {code} | {which} | {cells} |")
    return [
        f"Seconds from the exec of `shipsync stage {STAGE}`, medians; load average at the start {load_average:.1f}."
        f" Asked: back at work within {WANTED_SECONDS:g} s.", "",
        "| broker | code | start | imported | ready | first record |", "|---|---|---|---|---|---|", *rows, "",
        "`shipsync --help`: " + ", ".join(f"{code} {seconds:.2f} s" for code, seconds in helps.items()) + ".", "",
        "`imported`: its metrics port answers; `ready`: its partitions are assigned; `first record`: the output of an"
        " event that waited is readable.",
    ]


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--broker", action="append", choices=cluster.BROKERS, help="may be repeated (both)")
    parser.add_argument("--before", type=Path, help="a checkout whose code is measured in turn with this one")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object a start")
    parser.add_argument("--write", action="store_true", help="put the section into RESULTS.md")
    asked = parser.parse_args()
    codes: dict[str, Path | None] = {} if asked.before is None else {"before": asked.before.resolve()}
    codes["after"] = None
    load_average, found = os.getloadavg()[0], list[Start]()
    for broker in (asked.broker or cluster.BROKERS) * asked.runs:
        for name, code in codes.items():
            found += starts(broker, name, code)
    helps = {name: help_seconds(code) for name, code in codes.items()}
    text = lines(found, helps, load_average)
    if asked.json:
        for one in found:
            print(json.dumps(one._asdict()))
        print(json.dumps({"help": helps}))
    else:
        print("\n".join(text))
    if asked.write:
        sections.put("Start", " ".join(["python -m benchmarks.start", *sys.argv[1:]]), text, sections.RESULTS)


if __name__ == "__main__":
    main()

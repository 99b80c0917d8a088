"""``python -m benchmarks.attacks``: how long honest pushes take while attackers hold all they can of a gateway.

The attackers have no credentials and come from the address the honest pushes come from; more of them than one address
may hold connections. CPU is the gateway's for one push: what it costs to turn the attackers away meanwhile, too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.support.gateway_attacks import ATTACKS, attacked, attacked_settings, push
from topologies.local_stack.stack import Stack

ATTACKERS, PUSHES = 100, 20


class Measured(NamedTuple):
    """Holds the times of honest pushes under one attack, in seconds; ``cpu``: the gateway's, a push."""

    attack: str
    refused: int
    median: float
    slowest: float
    cpu: float


def cpu_seconds(pid: int | None) -> float:
    """The CPU time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(stack: Stack, attack: str, attackers: int, pushes: int) -> Measured:
    """Push so often, one after another, under an attack."""
    [gateway] = [one.pid for one in stack.children if one.spec.name == "gateway"]
    with attacked(stack, ATTACKS[attack], attackers):
        used, seconds, refused = cpu_seconds(gateway), [], 0
        for _ in range(pushes):
            began = time.monotonic()
            refused += push(stack).status_code != 200
            seconds.append(time.monotonic() - began)
        used = cpu_seconds(gateway) - used
    return Measured(attack, refused, statistics.median(seconds), max(seconds), used / pushes)


def main() -> None:
    """Measure every attack and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks", description=__doc__)
    parser.add_argument("--attackers", type=int, default=ATTACKERS)
    parser.add_argument("--pushes", type=int, default=PUSHES)
    asked = parser.parse_args()
    table = Table("attack", "refused", "median s", "slowest s", "gateway CPU s a push")
    with tempfile.TemporaryDirectory(prefix="shipsync-attacks-") as folder:
        settings = attacked_settings(Path(folder))
        with Stack(settings, stages=["gateway"]) as stack:
            for attack in ATTACKS:
                one = measure(stack, attack, asked.attackers, asked.pushes)
                table.add_row(attack, str(one.refused), f"{one.median:.2f}", f"{one.slowest:.2f}", f"{one.cpu:.2f}")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()

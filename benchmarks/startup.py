"""CPU seconds (user and system) until ``--version``, the help and each command's help are shown, the least of a few
runs. ``python -m benchmarks.startup`` prints the table that stands in ``RESULTS.md``."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from collections.abc import Sequence

from topologies.cli.commands import COMMANDS

RUNS = 5


def cpu_seconds(arguments: Sequence[str]) -> float:
    """User and system time of ``shipsync`` with these arguments, in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "topologies.cli.main", *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each, of which the least counts")
    runs = parser.parse_args().runs
    print("| command | CPU s |\n|---|---|")
    for arguments in (["--version"], ["--help"], *([name, "--help"] for name in COMMANDS)):
        least = min(cpu_seconds(arguments) for _ in range(runs))
        print(f"| `shipsync {' '.join(arguments)}` | {least:.2f} |", flush=True)


if __name__ == "__main__":
    main()

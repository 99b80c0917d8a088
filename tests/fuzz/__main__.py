"""``make fuzz``: every target, one after the other; ends with 1 where one of them found something."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from tests.fuzz.corpora import TARGETS

FOUND = Path("var") / "fuzz"


def main() -> int:
    """Run what was asked for; how it ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=600, help="for each target (600)")
    asked = parser.parse_args()
    FOUND.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in asked.targets:
        command = [sys.executable, "-m", "tests.fuzz.target", name, str(asked.seconds), str(FOUND)]
        ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = ended.stdout.decode("utf-8", "replace")
        units = next((line.split()[-1] for line in said.splitlines() if "number_of_executed_units" in line), "?")
        sys.stdout.write(f"{name}: {units} inputs, {'fine' if not ended.returncode else 'FAILED'}\n")
        if ended.returncode:
            failed.append(name)
            sys.stdout.write(said[-4_000:])
    if failed:
        sys.stdout.write(f"{', '.join(failed)} failed; what failed them lies in {FOUND}\n")
    return min(len(failed), 1)


sys.exit(main())

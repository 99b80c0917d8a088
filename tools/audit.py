"""``make audit``: look up every locked library in the vulnerability database, and say how many were looked up.

Exit codes: 0 no known vulnerability, or the database is out of reach (said plainly; with ``--require`` that is 75);
1 a vulnerability is known; 2 the lock itself is refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("runtime", "embedded", "dev")
UNREACHABLE = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "NameResolutionError", "ServiceError")
KNOWN, REFUSED, OUT_OF_REACH = 1, 2, 75


class Found(NamedTuple):
    """Holds the findings about one lock. ``vulnerable``: one line for each; ``left_out``: not in the database."""

    looked_up: int
    vulnerable: tuple[str, ...]
    left_out: tuple[str, ...]


def found(report: Mapping[str, Any]) -> Found:
    """Reads pip-audit's JSON report. A library it skipped was not looked up."""
    libraries: Sequence[Mapping[str, Any]] = report["dependencies"]
    known = [one for one in libraries if "skip_reason" not in one]
    vulnerable = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version'}"
        for one in known for fault in one["vulns"]
    ]
    return Found(len(known), tuple(vulnerable), tuple(one["name"] for one in libraries if "skip_reason" in one))


def asked(lock: str) -> Found | None:
    """Asks the database about a lock; None where it does not answer; RuntimeError where the lock is refused."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("pip-audit"), "--requirement", ROOT / "requirements" / f"{lock}.txt",
            "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json",
        ],
        check=False, capture_output=True, text=True,
    )
    if done.stdout.lstrip().startswith("{"):
        return found(json.loads(done.stdout))
    if any(word in done.stderr for word in UNREACHABLE):
        return None
    raise RuntimeError(done.stderr.strip()[-2000:])


def told(lock: str, one: Found | None) -> tuple[str, int]:
    """The line to print of a lock, and its exit code."""
    if one is None or not one.looked_up:
        return f"SKIPPED {lock}: the vulnerability database cannot be reached; nothing was looked up", OUT_OF_REACH
    left = f"; not in the database: {', '.join(one.left_out)}" if one.left_out else ""
    if one.vulnerable:
        return "\n".join((f"FAILED {lock}:{left}", *(f"  {line}" for line in one.vulnerable))), KNOWN
    return f"ok {lock}: {one.looked_up} libraries, no known vulnerability{left}", 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line a lock, and return the exit code."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--require", action="store_true", help="fail where the database is out of reach")
    chosen = parser.parse_args(arguments)
    codes = []
    for lock in LOCKS:
        try:
            line, code = told(lock, asked(lock))
        except RuntimeError as error:
            line, code = f"FAILED {lock}: {error}", REFUSED
        print(line, flush=True)
        codes.append(code if code != OUT_OF_REACH or chosen.require else 0)
    return next((code for code in (REFUSED, KNOWN, OUT_OF_REACH) if code in codes), 0)


if __name__ == "__main__":
    sys.exit(main())

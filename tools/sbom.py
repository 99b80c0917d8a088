"""``make sbom``: hold the bill of materials (CycloneDX JSON) to the lock it was made from, and print the licences."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "runtime.txt"
BESIDE_THE_LOCK = frozenset({"pip", "setuptools", "shipsync"})
"""Lists what an environment holds besides its libraries."""


def normalised(name: str) -> str:
    """The name as the packaging standard compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, str]:
    """Name -> version of each entry of a lock."""
    pairs = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)", lock, re.MULTILINE)
    return {normalised(name): version for name, version in pairs}


def faults(bill: Mapping[str, Any], lock: str) -> list[str]:
    """Lists where the bill and the lock differ, one line each. A library of another platform may be missing in the
    bill."""
    wanted = locked(lock)
    there = {normalised(one["name"]): one["version"] for one in bill["components"]}
    wrong = [
        f"{name} {version}: {wanted.get(name, 'not')} in the lock" for name, version in sorted(there.items())
        if name not in BESIDE_THE_LOCK and wanted.get(name) != version
    ]
    conditional = {normalised(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==\S+ ;", lock, re.MULTILINE)}
    return wrong + [f"{name}: not in the bill" for name in sorted(wanted.keys() - there.keys() - conditional)]


def licences(bill: Mapping[str, Any]) -> Counter[str]:
    """Returns how many libraries declare each licence; ``none declared`` for those without."""
    counted: Counter[str] = Counter()
    for one in bill["components"]:
        names = [
            choice.get("expression") or choice["license"].get("id") or choice["license"].get("name")
            for choice in one.get("licenses", ()) if choice.get("license", choice).get("acknowledgement") == "declared"
        ]
        plain = {str(name).removeprefix("License :: OSI Approved :: ") for name in names}
        counted[" or ".join(sorted(plain)) or "none declared"] += 1
    return counted


def main() -> int:
    """Print what the file holds; 1 where it differs from the lock."""
    path = Path(sys.argv[1])
    bill = json.loads(path.read_text("utf-8"))
    wrong = faults(bill, LOCK.read_text("utf-8"))
    for line in wrong:
        print(f"FAILED {line}")
    if not wrong:
        counted = ", ".join(f"{name} {number}" for name, number in licences(bill).most_common())
        print(f"{path}: {len(bill['components'])} components, in the versions of the lock. Licences: {counted}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

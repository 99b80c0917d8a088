"""``make lock``: write ``requirements/*.txt``, every library in one version with its hashes, for ``setup.cfg``.

Without arguments versions stay where setup.cfg still allows them; ``--upgrade`` takes the newest. The locks hold for
Python 3.11 and newer on every platform: what differs between them carries a marker.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "runtime": ("build",),
    "embedded": ("build", "embedded"),
    "dev": ("build", "embedded", "dev"),
    "browser": ("build", "embedded", "dev", "browser"),
    "fuzz": ("build", "embedded", "dev", "browser", "fuzz"),
}
"""Name of a lock -> the extras in it. Each is locked to the versions of the largest, so that they agree."""
LARGEST = "fuzz"
TOOLS = "requirements/audit.in"
"""The tools of ``make audit`` and ``make sbom``, locked apart: they live in an environment of their own."""

NODE = "requirements/openapi.in"
"""Node.js for ``make openapi``."""


def compile_one(name: str, *more: str) -> None:
    """Write one lock. Raises CalledProcessError where the requirements contradict each other."""
    extras = [word for extra in LOCKS[name] for word in ("--extra", extra)]
    compile_file("setup.cfg", name, *extras, *more)


def compile_file(source: str, name: str, *more: str) -> None:
    """Write ``requirements/<name>.txt`` for what ``source`` asks for."""
    subprocess.run(
        [
            Path(sys.executable).with_name("uv"), "pip", "compile", source, "--universal",
            "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url",
            "--no-emit-find-links", "--quiet", "--output-file", f"requirements/{name}.txt", *more,
        ],
        cwd=ROOT, check=True,
    )


if __name__ == "__main__":
    compile_one(LARGEST, *sys.argv[1:])
    for lock in LOCKS.keys() - {LARGEST}:
        compile_one(lock, "--constraint", f"requirements/{LARGEST}.txt", "--upgrade")
    compile_file(TOOLS, "audit", *sys.argv[1:])
    compile_file(NODE, "openapi", *sys.argv[1:])

"""The environment variables an embedded service receives: those a program needs to run, and none of our secrets."""

from __future__ import annotations

from collections.abc import Mapping
from os import environ

NAMES = frozenset({
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "NO_COLOR", "RUST_LOG",
    "RUST_BACKTRACE",
})


def inherited(all_of_it: Mapping[str, str] = environ) -> dict[str, str]:
    """Our environment, reduced to these variables."""
    return {name: value for name, value in all_of_it.items() if name.upper() in NAMES}

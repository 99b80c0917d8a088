"""The exit codes of ``shipsync``, declared once; ``docs/commands.md`` and ``shipsync --help`` list them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. ``meaning``: in words, for people who write scripts."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """A code with its meaning."""
        one = int.__new__(cls, value)
        one._value_ = value
        one.meaning = meaning
        return one

    OK = 0, "it worked"
    FAILURE = 1, "it did not work, nothing was found, or a check found something; the output says what"
    USAGE = 2, "an option or an argument is wrong, or there is no such command"
    UNAVAILABLE = 69, "Kafka, the registry, the read model or the stack does not answer; try again later"
    CRASHED = 70, "a stage ended itself, because its work stood still or raised; the supervisor starts it again"
    WRONG_SETTINGS = 78, "a `SHIPSYNC_*` setting is wrong or unknown; nothing was done"
    INTERRUPTED = 130, "Ctrl-C ended it"

"""What every group of settings is made of."""

from __future__ import annotations

from enum import StrEnum

from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SHIPSYNC_"


class LogFormat(StrEnum):
    """How logs are written."""

    JSON = "json"
    CONSOLE = "console"


class Processing(StrEnum):
    """How a stage with state writes a chunk. ``auto``: exactly once where the cluster has transactions."""

    AUTO = "auto"
    AT_LEAST_ONCE = "at_least_once"
    EXACTLY_ONCE = "exactly_once"


class Group(BaseSettings):
    """Settings that are used together. Durations are seconds, sizes bytes."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )


def comma_separated(value: object) -> object:
    """A text as its parts between commas; anything else as it is."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

"""Files and polling: the ways in beside the gateway."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from config.setting_group import Group


class Completeness(StrEnum):
    """Names the signs that a dropped file is whole: it no longer changes, or a marker file is beside it."""

    UNCHANGED = "unchanged"
    MARKER = "marker"


class DropSettings(Group):
    """Drop folders."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_DROP_")

    dir: Path | None = Field(
        None, description="Folder with a subfolder for each feed that delivers files; none: no drop folder is watched"
    )
    complete: Completeness = Field(
        Completeness.UNCHANGED,
        description="When a file is whole: unchanged (for SHIPSYNC_DROP_UNCHANGED) or marker (NAME.done beside NAME)",
    )
    unchanged: float = Field(10.0, ge=0, description="How long a file has not changed when it is taken")
    interval: float = Field(5.0, gt=0, description="Seconds between checks of the drop folders")
    piece_bytes: int = Field(512 * 1024, ge=1024, description="A dropped file is cut into records of about this size")


class PollingSettings(Group):
    """Polling."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_POLL_")

    credentials: SecretStr | None = Field(
        None, description="Credentials at the carriers that are polled (JSON by feed); a feed not named is not polled"
    )

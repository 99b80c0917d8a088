"""Defines the base of every group of settings: frozen, read from ``SHIPSYNC_*``, and without secrets in what it
shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.masking import without_credentials

PREFIX = "SHIPSYNC_"


class SettingsError(Exception):
    """The settings are wrong; the text names each and what would be right. ``faults``: one text for each."""

    def __init__(self, message: str, faults: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class Group(BaseSettings):
    """Settings that are used together. Durations are seconds, sizes bytes."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Fields and values: of a URL where it points, of further Kafka settings their names."""
        for name, value in super().__repr_args__():
            if isinstance(value, str):
                yield name, without_credentials(value)
            else:
                yield name, sorted(value) if isinstance(value, Mapping) else value


def comma_separated(value: object) -> object:
    """The parts of a text, without blanks and empty ones; what is no text stays."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _readable(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ValueError(f"the file cannot be read ({error.strerror})") from None
    return path


ReadableFile = Annotated[
    Annotated[Path, AfterValidator(_readable)] | None, BeforeValidator(lambda value: None if value == "" else value)
]
"""A file that is there and can be read, or none; an empty text is none."""

"""Settings as ``SHIPSYNC_*`` variables, so that a child process has the same ones."""

from __future__ import annotations

import json

from pydantic import SecretStr

from config.masking import without_credentials
from config.settings import SETTINGS, Settings

OWN = frozenset({"metrics_port"})
"""Settings that differ by process."""


def environment(settings: Settings) -> dict[str, str]:
    """Every setting that has a value: for a child's environment, never for a log.

    Secrets are in clear text; one from a file stays there, and the child is told the file. Other files of secrets are
    named empty: the child reads the same ``.env``, which may name one.
    """
    told = {}
    for one in SETTINGS.values():
        value = settings.value(one.name)
        if one.file_variable is not None:
            told[one.file_variable] = str(settings.files[one.name].absolute()) if one.name in settings.files else ""
        if value is not None and one.name not in OWN and one.name not in settings.files:
            told[one.variable] = _text(value)
    return told


def without_secrets(settings: Settings) -> dict[str, str]:
    """The same without every setting that may hold a secret, or names a file of one; URLs without credentials."""
    told = environment(settings)
    for one in SETTINGS.values():
        if one.file_variable is None:
            continue
        told.pop(one.file_variable)
        value = told.pop(one.variable, None)
        if one.url and value is not None:
            told[one.variable] = without_credentials(value)
    return told


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return json.dumps(value) if isinstance(value, dict) else str(value)

"""Settings as a child process reads them: the ``SHIPSYNC_*`` variables that make it have the same."""

from __future__ import annotations

import json

from pydantic import SecretStr

from config.settings import SETTINGS, Settings

OWN = frozenset({"metrics_port"})
"""Each process has its own."""


def environment(settings: Settings) -> dict[str, str]:
    """Every setting that has a value, secrets in clear: for the child's environment, for no log."""
    values = {one.variable: settings.value(one.name) for one in SETTINGS.values() if one.name not in OWN}
    return {variable: _text(value) for variable, value in values.items() if value is not None}


def without_secrets(settings: Settings) -> dict[str, str]:
    """The same without every setting that may hold a credential."""
    secret = {one.variable for one in SETTINGS.values() if one.secret}
    return {variable: value for variable, value in environment(settings).items() if variable not in secret}


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(value)
    return json.dumps(value) if isinstance(value, dict) else str(value)

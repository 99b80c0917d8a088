"""The secret that signs links and sessions of an installation, and the address its pages are reached by."""

from __future__ import annotations

import secrets

from config.own_secret import kept
from config.setting_group import SettingsError
from config.settings import Settings
from portal.tracking.tokens import SHORTEST_SECRET
from streams.kernel.errors import Fatal

SECRET_FILE = "portal-secret"


def secret_of(settings: Settings) -> str:
    """The secret that signs links and sessions: the setting, or one of the data folder's own, made once. Raises Fatal,
    or SettingsError for one that is too short."""
    given = "" if settings.portal.secret is None else settings.portal.secret.get_secret_value()
    if given:
        if len(given) < SHORTEST_SECRET:
            raise SettingsError(f"SHIPSYNC_PORTAL_SECRET: {SHORTEST_SECRET} characters or more are due")
        return given
    file = settings.state.data_dir / SECRET_FILE
    try:
        return kept(file, lambda: secrets.token_urlsafe(32))
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"{file} cannot be used ({error}): set SHIPSYNC_PORTAL_SECRET") from error


def address_of(settings: Settings) -> str:
    """The address customers reach the portal by, without a slash at its end."""
    if settings.portal.url:
        return settings.portal.url.rstrip("/")
    host = settings.process.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.portal.port}"

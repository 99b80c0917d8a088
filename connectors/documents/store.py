"""Keeps documents by the hash of their content: in a folder, or in a bucket of an S3-compatible store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import from_url

from config.setting_group import SettingsError
from config.settings import Settings
from streams.kernel.errors import Transient

FOLDER = "documents"
OPTIONS = "SHIPSYNC_DOCUMENTS_STORE_OPTIONS"
_PLAIN_ENDPOINT = "http://"
_OWN = 0o700


class DocumentStore(Protocol):
    """Keeps content by key. Each method raises Transient where the store does not answer."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep it; the same again changes nothing."""

    async def get(self, key: str) -> bytes | None:
        """The content; None where there is none."""


class ObjectStore:
    """A folder or a bucket."""

    def __init__(self, url: str, options: dict[str, Any] | None = None) -> None:
        """``url``: ``file:///FOLDER`` or ``s3://BUCKET/PREFIX``; ``options``: access, as obstore names it. Raises
        SettingsError."""
        given = options or {}
        client = {"allow_http": True} if str(given.get("endpoint", "")).startswith(_PLAIN_ENDPOINT) else {}
        try:
            more = {"client_options": client, "config": given} if not url.startswith("file:") else {}
            self._store: Any = from_url(url, **more)  # type: ignore[call-overload]
        except (BaseError, ValueError, TypeError) as error:
            why = _first_line(error)
            raise SettingsError(f"SHIPSYNC_DOCUMENTS_STORE or {OPTIONS} cannot be used: {why}") from error

    async def put(self, key: str, content: bytes) -> None:
        """Keep it. Raises Transient."""
        try:
            await obstore.put_async(self._store, key, content)
        except (BaseError, OSError) as error:
            raise Transient(f"the store of documents does not take one: {_first_line(error)}") from error

    async def get(self, key: str) -> bytes | None:
        """The content; None where there is none. Raises Transient."""
        try:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise Transient(f"the store of documents does not answer: {_first_line(error)}") from error


def store_of(settings: Settings) -> ObjectStore:
    """The store of this installation; its folder is made where there is none. Raises SettingsError."""
    given = settings.documents.store
    if given is not None and "://" in given and not given.startswith("file://"):
        return ObjectStore(given, _options(settings))
    folder = settings.state.data_dir / FOLDER if given is None else Path(given.removeprefix("file://"))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=_OWN)
    except OSError as error:
        raise SettingsError(f"SHIPSYNC_DOCUMENTS_STORE: {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SettingsError(f"SHIPSYNC_DOCUMENTS_STORE: {folder} cannot be read")
    return ObjectStore(folder.resolve().as_uri())


def _options(settings: Settings) -> dict[str, Any]:
    secret = settings.documents.store_options
    if secret is None:
        return {}
    try:
        found = json.loads(secret.get_secret_value())
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(one, str | bool) for one in found.values()):
        raise SettingsError(f"{OPTIONS} is to be a JSON object of texts")
    return found


def _first_line(error: Exception) -> str:
    """The reason, without what a library adds for its developers."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

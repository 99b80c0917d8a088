"""The signing secrets of customers' endpoints: made here, and encrypted wherever they are kept."""

from __future__ import annotations

import base64
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from config.own_secret import kept
from config.setting_group import SettingsError
from config.settings import Settings
from streams.kernel.errors import Fatal

PREFIX = "whsec_"
SECRET_BYTES = 32
SETTING = "SHIPSYNC_OUTBOUND_KEY"
KEY_FILE = "outbound.key"


class Undecryptable(Exception):
    """A stored secret cannot be read; the text says what to do."""


def new_secret() -> str:
    """A new signing secret as Standard Webhooks write it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


class SecretBox:
    """Encrypts and decrypts signing secrets with the key of an installation."""

    def __init__(self, settings: Settings) -> None:
        """Reads nothing yet but the setting. Raises SettingsError for one that is no key."""
        self._file = settings.state.data_dir / KEY_FILE
        given = settings.outbound.key
        text = "" if given is None else given.get_secret_value()
        self._box = _box(text) if text else None

    def encrypt(self, secret: str) -> str:
        """The secret as it is stored; where no key is set, the one of the data folder is made. Raises Fatal."""
        if self._box is None:
            try:
                self._box = _box(kept(self._file, lambda: Fernet.generate_key().decode("ascii")))
            except (OSError, UnicodeDecodeError) as error:
                raise Fatal(f"{self._file} cannot be used ({error}): set {SETTING}") from error
        return self._box.encrypt(secret.encode("ascii")).decode("ascii")

    def decrypt(self, stored: str) -> str:
        """The secret. Raises Undecryptable where there is no key, or another encrypted it."""
        box = self._box or self._from_file()
        try:
            return box.decrypt(stored.encode("utf-8")).decode("ascii")
        except InvalidToken:
            raise Undecryptable(
                f"a signing secret was encrypted with another key than this process has: set {SETTING} to the one"
                " that `shipsync webhooks` ran with"
            ) from None

    def _from_file(self) -> MultiFernet:
        try:
            self._box = _box(self._file.read_text("ascii").strip())
        except (OSError, UnicodeDecodeError, SettingsError) as error:
            raise Undecryptable(
                f"there is no key to signing secrets: {SETTING} is not set, and {self._file} cannot be read"
            ) from error
        return self._box


def _box(keys: str) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
    except ValueError:
        raise SettingsError(
            f"{SETTING}: each key is 32 bytes in URL-safe base64; `openssl rand -base64 32 | tr +/ -_` prints one"
        ) from None

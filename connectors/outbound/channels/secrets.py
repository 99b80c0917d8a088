"""The addresses and keys of channels: from environment variables, or from a file in which they are encrypted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from config.settings import Settings
from connectors.outbound.secrets import SecretBox, Undecryptable
from streams.kernel.errors import Fatal
from streams.paging.channels import Channel, PagingPolicy

FILE = "alert-secrets.yaml"


class MissingSecret(Exception):
    """A channel's address or key is not there; the text names the variable."""


class ChannelSecrets:
    """Finds a channel's secret. A variable of the environment goes before the file."""

    def __init__(self, settings: Settings, environment: Mapping[str, str] | None = None) -> None:
        """Reads nothing yet. Raises SettingsError for a key of secrets that is none."""
        self._box = SecretBox(settings)
        self._environment = os.environ if environment is None else environment
        self.file = settings.outbound.alert_secrets_file or settings.state.data_dir / FILE

    def of(self, channel: Channel) -> str:
        """The address or key. Raises MissingSecret, which names the variable and says what to do."""
        name = channel.secret
        if value := self._environment.get(name, "").strip():
            return value
        stored = self._stored().get(name)
        if stored is None:
            raise MissingSecret(
                f"channel {channel.name} has no address: set the environment variable {name}, or run"
                f" `shipsync alerts secret {name}`"
            )
        try:
            return self._box.decrypt(stored)
        except Undecryptable as error:
            raise MissingSecret(f"channel {channel.name}: {name} in {self.file} cannot be read: {error}") from error

    def check(self, policy: PagingPolicy) -> None:
        """Raise Fatal naming each variable that is not set; of a channel on dry run none is needed."""
        missing = []
        for channel in policy.channels.values():
            try:
                if not channel.dry_run:
                    self.of(channel)
            except MissingSecret as error:
                missing.append(str(error))
        if missing:
            raise Fatal("; ".join(missing))

    def keep(self, name: str, secret: str) -> Path:
        """Encrypt a secret into the file, in place of another of that name; the file. Raises Fatal."""
        kept = self._stored() | {name: self._box.encrypt(secret)}
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self.file.with_name(f".{self.file.name}.{os.getpid()}")
            draft.touch(0o600)
            draft.write_text(yaml.safe_dump(kept), "utf-8")
            draft.replace(self.file)
        except OSError as error:
            raise Fatal(f"{self.file} cannot be written: {error}") from error
        return self.file

    def _stored(self) -> dict[str, str]:
        try:
            found = yaml.safe_load(self.file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise Fatal(f"{self.file} cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise Fatal(f"{self.file}: names and encrypted secrets are expected")
        return {str(name): str(value) for name, value in found.items()}

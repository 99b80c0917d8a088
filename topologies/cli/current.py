"""The settings in force, read when a command needs them: its help and a shell's completion do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings


def settings() -> Settings:
    """The settings as they are given. Raises SettingsError."""
    from config import settings as configuration

    return configuration.load()


def stack_settings() -> Settings:
    """The settings, with the addresses of the stack that is up on this machine if one is. Raises SettingsError."""
    from topologies.local_stack import stack_file

    return stack_file.resolve(settings())

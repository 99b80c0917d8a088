"""Who runs a command, as the audit trail names them."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings
    from streams.contracts.audit import Actor


def command_actor(settings: Settings) -> Actor:
    """The user of the operating system and the host; where SHIPSYNC_ACTOR names a person, the person before them."""
    from streams.contracts.audit import Actor
    from streams.kernel.audit_vocabulary import ActionChannel, ActorKind

    login = f"{_user()}@{socket.gethostname()}"
    named = settings.process.actor
    return Actor(f"{named} ({login})" if named else login, ActorKind.COMMAND_LINE, ActionChannel.CLI)


def _user() -> str:
    """The name by the process's user id, which no variable of the environment changes."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else os.environ.get("USERNAME", "unknown")

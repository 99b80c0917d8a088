"""Who is told in words, in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import Settings
from connectors.outbound.recipient_book import Change, RecipientBook
from connectors.outbound.secrets import SecretBox
from streams.contracts.audit import Actor
from streams.contracts.outbound import CustomerSubscriptions
from streams.contracts.recipients import PastMessage
from streams.kernel.errors import Fatal, Transient
from streams.kernel.vocabulary import Correction
from tests.support.read_model_world import NOON


@dataclass
class ToldTopic:
    """``done``: changes that were written; ``sent``: messages and whose they are; ``away``: no broker answers."""

    kept: dict[str, CustomerSubscriptions] = field(default_factory=dict)
    done: list[tuple[str, Actor]] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    away: bool = False
    settings: Settings = field(default_factory=lambda: Settings(_env_file=None, data_dir=Path(tempfile.mkdtemp())))

    def known(self) -> Mapping[str, CustomerSubscriptions]:
        if self.away:
            raise Transient("no broker")
        return self.kept

    def book(self, by: str) -> RecipientBook:
        return RecipientBook(self.settings, SecretBox(self.settings), self.known(), by, NOON)

    def write(self, change: Change, done: str, actor: Actor) -> None:
        self.kept[change.subscriptions.customer_id] = change.subscriptions
        self.done.append((done, actor))

    def send_again(self, message_id: str, customer: str | None, actor: Actor) -> PastMessage:  # noqa: ARG002
        if message_id not in self.sent or customer not in (None, self.sent[message_id]):
            raise Fatal(f"there is no message {message_id}")
        self.again.append(message_id)
        return PastMessage(
            message_id, "u", "webhook:ep_1", "SO-1:ups:1Z", "shipment.delivered", Correction.NEW, "{}", 1, NOON
        )

"""The sender of postings: makes the attempts that ``posting.requests.v1`` asks for, and writes how each ended to
``posting.attempts.v1``.

A request is done once its attempt is on Kafka. If the process dies before that is known, the request is made again,
after a look-up that tells whether the posting is in effect.
"""

from __future__ import annotations

import asyncio

from config import apps, topics
from config.settings import Settings
from connectors.documents.links import DocumentLinks
from connectors.documents.store import store_of
from connectors.erp import declared, metrics
from connectors.erp.building import targets_of
from connectors.erp.documents import PostedDocuments
from connectors.erp.sender import PostingSender
from connectors.kafka.registry import Registry
from portal.server.secret import address_of, secret_of
from topologies.runtime.outbound.outbound_sender import Gauges, Requests, SenderKind, run_until_told
from topologies.runtime.watching.health import Health

GROUP = "shipsync-posting-sender"
KIND = SenderKind(
    apps.App(apps.POSTINGS.name, GROUP, None, topics.DLQ_POSTINGS), topics.POSTING_REQUESTS,
    topics.POSTING_ATTEMPTS,
    Gauges(metrics.IN_FLIGHT, metrics.BEHIND, metrics.UNREADABLE, metrics.UNWRITTEN, metrics.READY),
)
"""Its dead letters lie beside those of the stage."""
MOST_IN_HAND = 1_000
"""Requests taken from Kafka; how many of them an ERP is asked at once is its own limit (``at_once``)."""


def run(settings: Settings, health: Health | None = None) -> int:
    """Post until SIGTERM or SIGINT; the exit code. Raises Fatal for a faulty list of ERPs or a missing secret, and, as
    Transient, where it cannot go on."""
    run_until_told(settings, lambda: Sending(settings), health or Health())
    return 0


class Sending:
    """One sender and the ERPs it posts to."""

    def __init__(self, settings: Settings) -> None:
        """Raises Fatal for a faulty list of ERPs or a missing secret, SettingsError for a store that cannot be used."""
        self._settings = settings
        self._targets = targets_of(declared.load(settings.erp.file), documents_of(settings))
        self._requests = Requests(KIND, settings, MOST_IN_HAND)

    def missing(self) -> str | None:
        """Tells what keeps it from sending, in words."""
        return self._requests.missing()

    async def run(self, stopping: asyncio.Event) -> None:
        """Post until told to stop. Raises Transient where the registry does not answer at the start."""
        registry = await asyncio.to_thread(Registry, self._settings)
        try:
            await self._requests.make(PostingSender(self._targets), registry, stopping)
        finally:
            for target in self._targets.values():
                if target.erp is not None:
                    await target.erp.close()


def documents_of(settings: Settings) -> PostedDocuments:
    """The documents that postings bear. Raises SettingsError, Fatal."""
    return PostedDocuments(
        store_of(settings), DocumentLinks(secret_of(settings)), address_of(settings),
        settings.documents.erp_link_days * 86_400,
    )

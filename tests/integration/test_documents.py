"""Documents on a broker: the worker fetches what a carrier links to, and asks its API; deliveries are told
though the stage was killed meanwhile. What is no document is not told."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import Response

from config import topics
from connectors.embedded.with_parent import ends_with_parent
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.documents import stored_url
from streams.contracts.model import DeliveryMilestone
from streams.kernel.vocabulary import DocumentOrigin, DocumentStatus
from tests.fakes.proof_apis import CLIENT, ProofApi
from tests.support.brokers import BROKERS, on_broker
from tests.support.document_inputs import OF_PDF, PAGE, PDF, delivered
from tests.support.served import served
from tests.support.stage_worker import STAGE_COMMAND, StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.environment import environment
from topologies.local_stack.stack import catalogue
from topologies.operations.document_board import content_of, listed

BY_API, FROM_API = "794934944694", PDF + b"% by the API"
RULES = "customers: {C-1: {proof: document, waits: {proof: {deadline: 5d}}}}"


def host() -> FastAPI:
    """A carrier's host: one link leads to a document, one to a page."""
    app = FastAPI()

    @app.get("/{number}")
    def link(number: str) -> Response:
        return Response(PDF if number == "N100" else PAGE)

    return app


@pytest.mark.parametrize("broker", BROKERS[:1])
def test_a_linked_document_reaches_its_delivery_once_though_its_stage_is_killed(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    with ExitStack() as closing:
        api, rules = ProofApi(), tmp_path / "rules.yaml"
        api.proofs[BY_API] = FROM_API
        rules.write_text(RULES, "utf-8")
        ours = {"fedex": {**CLIENT, "base_url": closing.enter_context(served(api.app))}}
        settings = closing.enter_context(on_broker(
            broker, tmp_path, outbound_private_addresses=True, fulfilment_file=rules,
            documents_api_credentials=json.dumps(ours),
        ))
        url = closing.enter_context(served(host()))
        TopicAdmin(settings).create(catalogue())
        milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, Registry(settings))
        now = time.time_ns() // 1_000_000
        told = [delivered(f"{url}/{number}", f"D-{number}", number, now) for number in ("N100", "N200")]
        told.append(delivered(None, "D-API", BY_API, now, carrier="fedex"))
        fill(settings.kafka.bootstrap, topics.DELIVERY_MILESTONES.name, [
            (one.delivery_id.encode(), milestones.encode(one)) for one in told
        ])

        def states() -> dict[str, DocumentStatus]:
            return {one.tracking_number: one.status for one in listed(settings) if one.attempts or one.document_id}

        def proved() -> list[tuple[str, str | None]]:
            found = [milestones.decode(one.value()) for one in read_all(
                settings.kafka.bootstrap, topics.DELIVERY_MILESTONES.name
            )]
            proofs = {one.milestone_id: (one.delivery_id, one.proof_of_delivery) for one in found if one not in told}
            return [(name, proof and proof.document_url) for name, proof in proofs.values()]

        first = StageWorker("documents", settings, tmp_path / "one")
        closing.callback(first.kill)
        eventually(lambda: len(listed(settings)) == 3)
        first.kill()
        with (tmp_path / "fetcher.log").open("ab") as log:
            fetcher = subprocess.Popen(
                [*STAGE_COMMAND, "pull", "documents"], stdout=log, stderr=log,
                env={**os.environ, **environment(settings)},
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )
        closing.callback(fetcher.kill)
        second = StageWorker("documents", settings, tmp_path / "two")
        closing.callback(second.kill)
        eventually(lambda: states() == {
            "N100": DocumentStatus.STORED, "N200": DocumentStatus.WAITING, BY_API: DocumentStatus.STORED,
        })
        eventually(lambda: sorted(proved()) == [
            ("D-API", stored_url(sha256(FROM_API).hexdigest())), ("D-N100", stored_url(OF_PDF)),
        ])
        stored = {one.tracking_number: one for one in listed(settings) if one.status is DocumentStatus.STORED}
        assert {number: content_of(settings, one) for number, one in stored.items()} == {
            "N100": PDF, BY_API: FROM_API}
        assert stored["N100"].delivery_ids in ([], ["D-N100"])
        assert stored[BY_API].origin is DocumentOrigin.ASKED

"""The fulfilment stage: facts about ERP deliveries in, postings for the ERP out, each once.

Reads ``delivery.milestones.v1``; its changelog is ``fulfilment.state.v1``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import DeliveryMilestone, ErpPosting, FulfilmentState, Record
from streams.fulfilment.step import step
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Handled, Message, View
from topologies.runtime.step_results import changes_of


class FulfilmentHandler:
    """Posts a chunk of delivery milestones."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del settings, carriers
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._postings = ValueCodec(topics.ERP_POSTINGS, ErpPosting, registry)
        self._states = ValueCodec(topics.FULFILMENT_STATE, FulfilmentState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Postings and changed deliveries of one chunk."""
        del now_ms
        chunk, _, refused = decoded(records, self._milestones.decode)
        known = stored((milestone.delivery_id for milestone in chunk), state, self._states.decode)
        result = step(chunk, known)
        postings: list[Message] = [
            {"key": one.delivery_id.encode(), "value": self._postings.encode(one)} for one in result.outputs.postings
        ]
        outputs = {topics.ERP_POSTINGS.name: postings} if postings else {}
        return Handled(outputs, refused, changes_of(result.states, self._states.encode), dict(result.counts))

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself. Raises Reject where it is none."""
        self._states.decode(changelog_value)
        return {key: changelog_value}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Nothing falls due by the clock alone."""
        del state, now_ms
        return Handled()

"""The orders stage: ERP orders in; their claims on shipments and references, and withdrawals, out.

Reads ``erp.orders.v1`` and ``master.data.v1``, whose decisions on references and links it passes on; its changelog is
``order.state.v1``. Claims are sent once the order's state is on the changelog: a worker that dies in between may be
followed by one that knows a carrier by another name and withdraws only what the state knows. The claims of an order
that do not fit into its record are sent before (``writing/outbox.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    MasterRecord,
    Order,
    OrderReference,
    OrderState,
    Record,
    ReferenceClaim,
    ShipmentLink,
)
from streams.masterdata import step as masterdata
from streams.orders import step as orders
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Afterwards, Handled, Message, View
from topologies.runtime.step_results import changes_of, refusals
from topologies.stages.carrier_names import check_ready, names_of


class OrdersHandler:
    """Keeps the newest version of each order."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del settings
        self.names = names_of(carriers)
        self._orders = ValueCodec(topics.ERP_ORDERS, Order, registry)
        self._master = ValueCodec(topics.MASTER_DATA, MasterRecord, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)
        self._links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, registry)
        self._states = ValueCodec(topics.ORDER_STATE, OrderState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Claims and changed orders of one chunk; of a chunk of master data, its claims and links. Raises Transient
        until carriers' names are known."""
        del now_ms
        check_ready(self.names)
        if records[0].topic == topics.MASTER_DATA.name:
            return self._decisions(records)
        chunk, kept, refused = decoded(records, self._orders.decode)
        known = stored((order.order_id for order in chunk), state, self._states.decode)
        result = orders.step(chunk, known, self.names.slug_of, self.names.number_of)
        refused += refusals(kept, result.refused)
        made: list[OrderReference | ReferenceClaim] = [*result.outputs.references, *result.outputs.claims]
        afterwards: Afterwards = {}
        changed: dict[str, OrderState | None] = dict(result.states)
        for claim in made:
            topic, message = self._message(claim)
            afterwards.setdefault(claim.order_id.encode(), {}).setdefault(topic, []).append(message)
            changed.setdefault(claim.order_id, known[claim.order_id])  # a message needs a change that carries it
        changes = changes_of(changed, self._states.encode)
        counts = {"orders": len(records), **{name: count for name, count in result.counts.items() if count}}
        return Handled({}, refused, changes, counts, afterwards=afterwards)

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself. Raises Reject where it is none."""
        self._states.decode(changelog_value)
        return {key: changelog_value}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Nothing falls due by the clock alone."""
        del state, now_ms
        return Handled()

    def _decisions(self, records: Sequence[Record]) -> Handled:
        chunk, kept, refused = decoded(records, self._master.decode)
        result = masterdata.step(chunk)
        refused += refusals(kept, result.refused)
        claims = [self._message(one)[1] for one in result.outputs.claims]
        links: list[Message] = [
            {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._links.encode(one)}
            for one in result.outputs.links
        ]
        outputs = {topics.REFERENCE_CLAIMS.name: claims, topics.SHIPMENT_LINKS.name: links}
        counts = {"master_records": len(records), **result.counts}
        return Handled({name: sent for name, sent in outputs.items() if sent}, refused, {}, counts)

    def _message(self, claim: OrderReference | ReferenceClaim) -> tuple[str, Message]:
        """The topic of a claim, and its message there."""
        if isinstance(claim, OrderReference):
            key = shipment_key(claim.carrier, claim.tracking_number)
            return topics.ORDER_REFERENCES.name, {"key": key.encode(), "value": self._references.encode(claim)}
        key = f"{claim.type}:{claim.value}"
        return topics.REFERENCE_CLAIMS.name, {"key": key.encode(), "value": self._claims.encode(claim)}

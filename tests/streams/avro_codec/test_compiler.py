"""The compiled codec writes what fastavro writes, reads what it wrote, and refuses everything else."""

import io
from enum import StrEnum
from functools import cache
from typing import Any, get_type_hints

import fastavro
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import contracts
from streams.avro_codec import compiler
from streams.contracts import model
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

CONTRACTS: dict[str, type] = {
    "carrier_event": model.CarrierEvent,
    "enriched_event": model.EnrichedEvent,
    "shipment_state": model.ShipmentState,
    "order": model.Order,
    "wms_confirmation": model.WmsConfirmation,
    "order_reference": model.OrderReference,
    "customer_update": model.CustomerUpdate,
    "delivery_milestone": model.DeliveryMilestone,
    "erp_posting": model.ErpPosting,
    "erp_notice": model.ErpNotice,
    "fulfilment_state": model.FulfilmentState,
    "fulfilment_decision": model.FulfilmentDecision,
    "alert": model.Alert,
    "alert_signal": model.AlertSignal,
    "alert_action": model.AlertAction,
    "dead_letter": model.DeadLetter,
    "feed_activity": model.FeedActivity,
    "feed_state": model.FeedState,
    "feed_pause": model.FeedPause,
    "poll_state": model.PollState,
    "erp_cursor": model.ErpCursor,
    "edi_acknowledgement": model.Acknowledgement,
    "order_state": model.OrderState,
    "reference_claim": model.ReferenceClaim,
    "reference_state": model.ReferenceState,
    "master_data": model.MasterRecord,
    "shipment_link": model.ShipmentLink,
    "shipment_adoption": model.Adoption,
    "shipment_dwell": model.Dwell,
    "dwell_norm": model.DwellNorm,
    "edi_interchange": model.Interchange,
    "edi_exchange": model.Exchange,
    "edi_receipt": model.EdiReceipt,
    "audit_action": model.AuditAction,
    "customer_subscriptions": model.CustomerSubscriptions,
    "outbound_request": model.OutboundRequest,
    "outbound_attempt": model.OutboundAttempt,
    "outbound_outcome": model.OutboundOutcome,
    "outbound_decision": model.OutboundDecision,
    "outbound_state": model.OutboundState,
    "paging_state": model.PagingState,
    "notification_action": model.NotificationAction,
    "booking_answer": model.BookingAnswer,
    "booking_decision": model.BookingDecision,
    "booking_request": model.BookingRequest,
    "booking_state": model.BookingState,
    "delivery_release": model.DeliveryRelease,
    "document_chase": model.DocumentChase,
    "document_state": model.DocumentState,
    "freight_invoice": model.FreightInvoice,
    "shipment_document": model.ShipmentDocument,
}
LONGS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(0, 2 * 10**12), st.sampled_from([0, -1, 8191, 8192, 2**27, 2**41])
)
DEGREES = st.floats(allow_nan=False).map(lambda number: number + 0.0)  # of two equal zeros, one
TEXTS = st.one_of(st.text(max_size=20), st.text(alphabet="ü€x", min_size=60, max_size=200))


def plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items() if key != "logicalType"}
    return [plain(item) for item in node] if isinstance(node, list) else node


def values(schema: Any, hint: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Generates a Struct (or a field of one) that fits ``schema``."""
    kind, full = compiler._kind(schema, named)
    if kind == "union":
        return st.none() | values(full[1], compiler._member_type(hint), named)
    if kind == "array":
        return st.lists(values(full["items"], compiler._member_type(hint), named), max_size=3)
    if kind == "record":
        struct = compiler._member_type(hint)
        types = get_type_hints(struct)
        fields = {f["name"]: values(f["type"], types[f["name"]], named) for f in full["fields"]}
        return st.builds(struct, **fields)
    if kind == "enum":
        return st.sampled_from(list(compiler._member_type(hint)))
    simple: dict[str, st.SearchStrategy[Any]] = {
        "string": TEXTS, "bytes": st.binary(max_size=40), "long": LONGS, "int": st.integers(-(2**31), 2**31 - 1),
        "boolean": st.booleans(), "double": DEGREES,
    }
    return simple[kind]


@cache
def structs(name: str) -> st.SearchStrategy[Any]:
    """Generates Structs of the contract; made once, as are the codecs below: examples are many."""
    return values(contracts.schema(name), CONTRACTS[name], {})


@cache
def writer(name: str) -> compiler.Writer:
    return compiler.compile_writer(contracts.schema(name), CONTRACTS[name])


@cache
def reader(name: str) -> compiler.Reader:
    return compiler.compile_reader(contracts.schema(name), CONTRACTS[name])


@cache
def sighting_reader() -> compiler.Reader:
    return compiler.compile_reader(contracts.schema("carrier_event"), model.Sighting)


@cache
def parsed(name: str) -> Any:
    return fastavro.parse_schema(plain(contracts.schema(name)))


def as_data(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: as_data(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [as_data(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


@pytest.mark.parametrize("name", sorted(CONTRACTS))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_is_what_fastavro_writes_and_reads_back_equal(name: str, data: st.DataObject) -> None:
    value = data.draw(structs(name))
    written = writer(name)(value)
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, parsed(name), as_data(value))
    assert written == expected.getvalue()
    assert reader(name)(written, 0) == value


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_every_contract_has_a_struct_with_its_fields_in_its_order(name: str) -> None:
    assert [f["name"] for f in contracts.schema(name)["fields"]] == list(CONTRACTS[name].__struct_fields__)


def test_no_contract_goes_untested() -> None:
    assert {path.stem for path in contracts.AVRO_DIR.glob("*.avsc")} == set(CONTRACTS)


WRITE, READ = writer("order"), reader("order")
ORDER = model.Order(
    "SO-1", "C-9", "open", "EUR", 12.5, None, 1_700_000_000_000, [model.OrderLine("D-1", "ups", "1Z1")]
)


def test_every_cut_of_a_value_is_refused_as_truncated() -> None:
    whole = WRITE(ORDER)
    for length in range(len(whole)):
        with pytest.raises(Reject) as refused:
            READ(whole[:length], 0)
        assert refused.value.reason is RejectReason.TRUNCATED


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(Reject) as refused:
        READ(WRITE(ORDER) + b"\x00", 0)
    assert refused.value.reason is RejectReason.TRAILING_BYTES


def reads_or_refuses(read: compiler.Reader, noise: bytes, struct: type) -> bool:
    """Whether these bytes are read as one ``struct``, or refused for their length."""
    try:
        return isinstance(read(noise, 0), struct)
    except Reject as reject:
        return reject.reason in (RejectReason.TRUNCATED, RejectReason.TRAILING_BYTES)


@settings(max_examples=300, deadline=None)
@given(noise=st.binary(max_size=80))
def test_any_bytes_are_a_value_or_a_reject(noise: bytes) -> None:
    assert reads_or_refuses(READ, noise, model.Order)


@given(noise=st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_as_a_carrier_event_are_a_value_or_a_reject(noise: bytes) -> None:
    assert reads_or_refuses(reader("carrier_event"), noise, model.CarrierEvent)


def test_arrays_in_counted_blocks_are_read() -> None:
    read = compiler.compile_reader(contracts.schema("fulfilment_state"), model.FulfilmentState)
    a_block_with_its_size, a_block_without = b"\x01\x04\x02a", b"\x02\x02b"
    body = b"\x02D\x02O" + a_block_with_its_size + a_block_without + b"\x00" * 13
    assert read(body, 0) == model.FulfilmentState("D", "O", ["a", "b"], 0)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_reader_of_some_fields_skips_the_rest_and_still_wants_it_whole(data: st.DataObject) -> None:
    event = data.draw(structs("carrier_event"))
    written = writer("carrier_event")(event)
    read = sighting_reader()
    seen = read(written, 0)
    names = [name for name in model.Sighting.__struct_fields__ if name != "source"]
    assert all(getattr(seen, name) == getattr(event, name) for name in names)
    assert (seen.source.feed, seen.source.channel) == (event.source.feed, event.source.channel)
    with pytest.raises(Reject):
        read(written[: data.draw(st.integers(0, len(written) - 1))], 0)
    with pytest.raises(Reject):
        read(written + b"\x00", 0)

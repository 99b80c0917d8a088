"""Runs a case: its files through intake, its events through shipments and fulfilment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.carriers import Carrier, discover
from connectors.mapping.loading import FILE
from connectors.mapping.values.carrier_names import CarrierNames
from streams.contracts.model import Order, OrderLine, OrderReference
from streams.intake.adapter import Adapter
from streams.intake.step import HeaderNames, step
from streams.orders.step import step as take_orders
from tests.cases import FOLDER, Case
from tests.cases.aspects import ASPECTS, Outcome
from tests.cases.journey import orders_for, travelled
from tests.samples import MOST_BYTES, Sent, events_of, reasons_of

RECEIVED_AT = 1_798_000_000_000
"""22 December 2026: after everything the cases tell of."""
_MINUTE_MS = 60_000


def outcome_of(case: Case, adapters: Mapping[str, Adapter], folder: Path = FOLDER) -> Outcome:
    """Reads a case and returns its outcome. ``adapters``: of the packaged carriers by feed; ``folder``: the files."""
    adapter = own_adapter(_mapping(case.mapping, folder)) if case.mapping else adapters[case.feed]
    names = HeaderNames()
    headers = [(names.asked_number, case.asked.encode())] if case.asked else []
    events, reasons = [], []
    for place, name in enumerate(case.files.split()):
        sent = Sent(
            f"raw.{case.feed}.v1", (folder / name).read_bytes(), offset=place,
            timestamp=RECEIVED_AT + place * _MINUTE_MS, headers=headers,
        )
        taken = step([sent], {case.feed: adapter}, RECEIVED_AT, MOST_BYTES)
        events += events_of(taken)
        reasons += reasons_of(taken)
    since = {
        number: int(datetime.fromisoformat(at).timestamp() * 1000) for number, at in case.orders.items()
    }
    claims = orders_for(events, since)
    if case.order_field:
        claims, refused = ordered(case.feed, case.order_field, min(event.occurred_at for event in events))
        reasons += refused
    return Outcome(events, reasons, travelled(events, claims))


def ordered(carrier: str, number: str, before: int) -> tuple[list[OrderReference], list[str]]:
    """The claims of an order with one line, of which ``number`` is the text, written a day before; and what is
    refused."""
    names = packaged_names()
    line = OrderLine("D-1", carrier, number)
    order = Order("O-1", "C", "open", None, None, None, before - 24 * 60 * _MINUTE_MS, [line])
    taken = take_orders([order], {}, names.slug_of, names.number_of)
    return taken.outputs.references, [reject.reason.value for _, reject in taken.refused]


def _mapping(name: str, folder: Path) -> Path:
    ours = Path(__file__).parent / "mappings" / name
    return ours if ours.exists() else folder / name


def own_adapter(mapping: Path) -> Adapter:
    """The adapter of a ``carrier.yaml`` that lies beside the cases."""
    with TemporaryDirectory() as folder:
        name = next(line.split()[1] for line in mapping.read_text("utf-8").splitlines() if line.startswith("feed:"))
        home = Path(folder) / name
        home.mkdir()
        (home / FILE).write_text(mapping.read_text("utf-8"), "utf-8")
        return next(one for one in discover(own=Path(folder)) if one.feed == name).adapter


def packaged() -> dict[str, Adapter]:
    """The adapters of the packaged carriers, by feed."""
    carriers: list[Carrier] = list(discover())
    return {one.feed: one.adapter for one in carriers}


@cache
def packaged_names() -> CarrierNames:
    """The names and label forms of the packaged carriers."""
    return next(iter(discover())).names


def compared(case: Case, outcome: Outcome) -> Iterator[tuple[str, str, str]]:
    """Aspect, what is right and what came of it."""
    for aspect, right in case.right.items():
        yield aspect, " ".join(right.split()), ASPECTS[aspect](outcome)

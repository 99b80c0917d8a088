"""Stages work with one set of carriers' names, and wait until master data is read."""

from __future__ import annotations

import pytest

from config.settings import Settings
from connectors.carriers import discover
from connectors.mapping.values.carrier_names import CarrierNames
from streams.contracts.model import MasterRecord
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import MasterKind
from tests.fakes.memory import Memory
from tests.support.intake_records import alert, raw
from tests.support.registry import fake_registry
from topologies.stages.carrier_names import check_ready, names_of
from topologies.stages.intake import IntakeHandler
from topologies.stages.orders import OrdersHandler

CARRIERS = {carrier.feed: carrier for carrier in discover()}


def test_all_carriers_share_their_names() -> None:
    assert len({id(carrier.names) for carrier in CARRIERS.values()}) == 1
    assert names_of(CARRIERS) is CARRIERS["ups"].names
    assert names_of(CARRIERS).slug_of("United Parcel Service") == "ups"
    assert names_of({}).slug_of("ups") == "ups"


def test_nothing_is_handled_before_master_data_is_read() -> None:
    names = CarrierNames()
    check_ready(names)
    names.ready = False
    with pytest.raises(Transient):
        check_ready(names)
    carriers = {carrier.feed: carrier for carrier in discover()}
    names_of(carriers).ready = False
    for handler in (
        IntakeHandler(Settings(), fake_registry(), carriers), OrdersHandler(Settings(), fake_registry(), carriers)
    ):
        with pytest.raises(Transient):
            handler.handle(raw(alert()), Memory(), 0)


def test_an_aggregators_carrier_goes_by_what_people_call_it() -> None:
    carriers = {carrier.feed: carrier for carrier in discover()}
    aggregator = carriers["easypost"]
    before = aggregator.names.with_aliases({}).get("Nordfracht")
    aggregator.names.learn(MasterRecord(MasterKind.CARRIER, "nord", 1, "mo", aliases=["Nordfracht"]))
    assert (before, aggregator.names.with_aliases({}).get("nordfracht")) == ("", "nord")

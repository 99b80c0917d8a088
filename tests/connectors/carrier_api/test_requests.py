"""Requests as the carriers publish them, whatever stands in a number."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.carrier_api.requests import call_request, request_for
from connectors.carriers import discover
from connectors.mapping.declared.poll_plan import Plan

PLANS = {carrier.feed: carrier.plan for carrier in discover() if carrier.plan is not None}
NASTY = 'A/1 "?&#\\<'


def plan(feed: str) -> Plan:
    return PLANS[feed]


def test_ups_is_asked_as_its_track_api_says() -> None:
    asked = request_for(plan("ups"), ["1Z999AA10123456784"], "r-1")
    parts = urlsplit(asked.url)
    assert (asked.method, parts.netloc, asked.body) == ("GET", "onlinetools.ups.com", None)
    assert parts.path == "/api/track/v1/details/1Z999AA10123456784"
    assert asked.headers == {"transId": "r-1", "transactionSrc": "shipsync"}


def test_fedex_is_asked_for_several_as_its_track_api_says() -> None:
    asked = request_for(plan("fedex"), ["111", "222"], "r-1")
    assert (asked.method, asked.url) == ("POST", "https://apis.fedex.com/track/v1/trackingnumbers")
    assert json.loads(asked.body or b"") == {
        "includeDetailedScans": True,
        "trackingInfo": [
            {"trackingNumberInfo": {"trackingNumber": "111"}}, {"trackingNumberInfo": {"trackingNumber": "222"}}
        ],
    }
    assert asked.headers["Content-Type"] == "application/json"


def test_dhl_is_asked_as_its_unified_api_says() -> None:
    asked = request_for(plan("dhl"), ["00340434161094042557"], "r-1")
    assert (asked.method, asked.url) == (
        "GET", "https://api-eu.dhl.com/track/shipments?trackingNumber=00340434161094042557"
    )


@pytest.mark.parametrize("feed", ["dhl", "fedex", "ups"])
def test_a_number_stays_one_value_whatever_it_holds(feed: str) -> None:
    asked = request_for(plan(feed), [NASTY], "r-1")
    parts = urlsplit(asked.url)
    if asked.body is not None:
        told = json.loads(asked.body)
        assert told["trackingInfo"][0]["trackingNumberInfo"]["trackingNumber"] == NASTY
    elif "trackingNumber" in parts.query:
        assert parse_qs(parts.query)["trackingNumber"] == [NASTY]
    else:
        assert parts.path.count("/") == 5
    assert parts.fragment == ""


def test_another_host_can_be_asked_instead() -> None:
    asked = request_for(plan("dhl"), ["7"], "r-1", "https://api-sandbox.example/")
    assert asked.url == "https://api-sandbox.example/track/shipments?trackingNumber=7"


OPEN = {"inpost"}
"""Carriers that document an API which needs no key."""


@pytest.mark.parametrize("feed", sorted(PLANS))
def test_no_plan_names_a_secret_and_every_one_has_a_rate(feed: str) -> None:
    assert plan(feed).rates
    poll = plan(feed).poll
    assert (poll.authorisation.kind != "none") is (feed not in OPEN)
    assert not {"authorization", "dhl-api-key"} & {name.lower() for name in poll.headers}


def test_packaged_carriers_are_asked_for_documents_as_declared() -> None:
    calls = {one.feed: one.document_call for one in discover() if one.document_call is not None}
    requests = {feed: call_request(plan.call, "12/34", "r-1") for feed, plan in calls.items()}
    assert {feed: (one.method, one.url) for feed, one in requests.items()} == {
        "fedex": ("POST", "https://apis.fedex.com/track/v1/trackingdocuments"),
        "mydhl": ("GET", "https://express.api.dhl.com/mydhlapi/shipments/12%2F34/proof-of-delivery"),
    }
    assert requests["mydhl"].body is None
    fedex = requests["fedex"]
    assert (fedex.headers["x-customer-transaction-id"], json.loads(fedex.body or b"")) == ("r-1", {
        "trackDocumentDetail": {"documentType": "SIGNATURE_PROOF_OF_DELIVERY", "documentFormat": "PDF"},
        "trackDocumentSpecification": [{"trackingNumberInfo": {"trackingNumber": "12/34"}}],
    })

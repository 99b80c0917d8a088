"""Answers of the carriers that can be polled, judged as they are: by their adapters and by HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carrier_api.response import Response
from connectors.carriers import discover
from connectors.polling.responses import Assessment, assess, digest
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.vocabulary import Status
from streams.polling.schedule import Answer

ADAPTERS = {carrier.feed: carrier.adapter for carrier in discover()}
HERE = Path(__file__).parents[1] / "carriers"
NOW = 1_790_000_000_000
KNOWN, DEAD = "791234500012", "791234500023"
DELIVERED = {
    "trackingNumberInfo": {"trackingNumber": KNOWN},
    "scanEvents": [
        {"date": "2026-09-14T13:05:10-05:00", "eventType": "DL", "eventDescription": "Delivered",
         "scanLocation": {"city": "Omaha", "stateOrProvinceCode": "NE", "countryCode": "US"}},
    ],
}
NO_SUCH = {
    "trackingNumberInfo": {"trackingNumber": DEAD},
    "error": {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND", "message": "Tracking number cannot be found."},
}


def told(feed: str, body: object, status: int = 200, *numbers: str, **headers: str) -> Assessment:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return assess(Response(status, named, text), numbers or ("N1",), ADAPTERS[feed], NOW)


def several(*results: tuple[str, object]) -> object:
    found = [{"trackingNumber": number, "trackResults": [result]} for number, result in results]
    return {"transactionId": "0b7c", "output": {"completeTrackResults": found}}


def test_each_number_of_an_answer_for_several_gets_its_own_word() -> None:
    assessment = told("fedex", several((KNOWN, DELIVERED), (DEAD, NO_SUCH)), 200, KNOWN, DEAD)
    assert (assessment.results[KNOWN].answer, assessment.results[KNOWN].status) == (Answer.NEWS, Status.DELIVERED)
    assert assessment.results[DEAD].answer is Answer.NOT_FOUND
    assert "cannot be found" in assessment.results[DEAD].detail
    assert assessment.worth_passing_on


def test_what_is_said_of_one_number_has_the_same_digest_whatever_is_said_of_others() -> None:
    one = told("fedex", several((KNOWN, DELIVERED), (DEAD, NO_SUCH)), 200, KNOWN, DEAD)
    other = told("fedex", several((DEAD, NO_SUCH), (KNOWN, DELIVERED)), 200, KNOWN, DEAD)
    assert one.results == other.results


@pytest.mark.parametrize(
    ("feed", "body", "status"),
    [
        ("dhl", {"title": "No result found", "detail": "No shipment with given tracking number found."}, 404),
        ("ups", {"response": {"errors": [{"code": "TW0001", "message": "Tracking Information Not Found"}]}}, 404),
        ("fedex", several((DEAD, NO_SUCH)), 200),
        ("laposte", {"code": "RESOURCE_NOT_FOUND", "message": "Unknown parcel."}, 404),
        ("laposte", {"returnCode": 404, "returnMessage": "Unknown parcel.", "idShip": DEAD, "lang": "en_GB"}, 404),
        ("usps", {"apiVersion": "/tracking/v3", "error": {"code": "404", "message": "No record of that item"}}, 404),
        ("canadapost", (HERE / "canadapost/cases/error_no_history.in.xml").read_bytes(), 200),
    ],
)
def test_no_such_number_is_not_found_and_passed_on(feed: str, body: object, status: int) -> None:
    assessment = told(feed, body, status, DEAD)
    assert assessment.results[DEAD].answer is Answer.NOT_FOUND
    assert assessment.worth_passing_on


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (304, Answer.UNCHANGED), (301, Answer.UNAVAILABLE), (401, Answer.UNAUTHORISED),
        (403, Answer.UNAUTHORISED), (408, Answer.UNAVAILABLE), (429, Answer.RATE_LIMITED),
        (500, Answer.UNAVAILABLE), (503, Answer.UNAVAILABLE), (404, Answer.NOT_FOUND), (400, Answer.REFUSED),
        (200, Answer.UNAVAILABLE),
    ],
)
def test_without_a_body_http_says_it(status: int, answer: Answer) -> None:
    assessment = told("dhl", b"", status)
    assert assessment.results["N1"].answer is answer
    assert not assessment.worth_passing_on


def test_retry_after_counts_whatever_the_status() -> None:
    assert told("dhl", b"", 503, retry_after="60").not_before == NOW + 60_000


def test_an_answer_nobody_can_read_is_passed_on_for_intake_to_judge() -> None:
    assessment = told("dhl", b"\xff\xfe{", 200)
    assert assessment.results["N1"].answer is Answer.NEWS
    assert assessment.worth_passing_on


def test_an_adapter_that_fails_costs_nothing() -> None:
    class Broken:
        feed = "dhl"

        def parse(self, body: bytes, context: RawContext) -> Parsed:
            raise KeyError(f"{context.feed}: a shape nobody foresaw in {len(body)} bytes")

    assessment = assess(Response(200, {}, b"{}"), ["N1"], Broken(), NOW)
    assert assessment.results["N1"].answer is Answer.NEWS
    assert "KeyError" in assessment.results["N1"].detail


def test_a_refusal_for_several_that_names_none_is_held_against_none() -> None:
    assessment = told("fedex", {"errors": [{"code": "SOMETHING.ELSE", "message": "?"}]}, 400, KNOWN, DEAD)
    assert assessment.alone
    assert {result.answer for result in assessment.results.values()} == {Answer.UNAVAILABLE}


def test_a_page_that_is_not_the_carriers_is_its_trouble_and_no_numbers() -> None:
    for numbers in ([KNOWN], [KNOWN, DEAD]):
        assessment = told("fedex", b"<html>moved</html>", 404, *numbers)
        assert {result.answer for result in assessment.results.values()} == {Answer.UNAVAILABLE}
        assert not assessment.alone
        assert not assessment.worth_passing_on


def test_credentials_refused_for_several_are_no_refusal_of_the_numbers() -> None:
    assessment = told("fedex", {"errors": [{"code": "NOT.AUTHORIZED.ERROR", "message": "?"}]}, 400, KNOWN, DEAD)
    assert {result.answer for result in assessment.results.values()} == {Answer.UNAUTHORISED}
    assert not assessment.alone


def test_another_parcels_delivery_in_the_same_answer_is_not_this_ones() -> None:
    moving = {**DELIVERED, "trackingNumberInfo": {"trackingNumber": DEAD}, "scanEvents": [
        {"date": "2026-09-13T13:05:10-05:00", "eventType": "IT", "eventDescription": "In transit"},
    ]}
    assessment = told("fedex", several((KNOWN, DELIVERED), (DEAD, moving)), 200, DEAD)
    assert assessment.results[DEAD].status is Status.IN_TRANSIT


def test_volatile_keys_do_not_count_and_others_do() -> None:
    assert digest(b'{"id": 1, "a": 2}', ["id"]) == digest(b'{"id":7,"a":2}', ["id"])
    assert digest(b'{"id": 1, "a": 2}', ["id"]) != digest(b'{"id": 1, "a": 3}', ["id"])
    assert digest(b'{"id": 1}') != digest(b'{"id": 2}')
    assert digest(b"\xff{", ["id"]) != digest(b"\xfe{", ["id"])


@given(feed=st.sampled_from(["dhl", "fedex", "ups"]), status=st.integers(100, 599), body=st.binary(max_size=60))
def test_no_response_of_an_api_raises(feed: str, status: int, body: bytes) -> None:
    assessment = told(feed, body, status, "N1", "N2")
    assert assessment.results.keys() == {"N1", "N2"}

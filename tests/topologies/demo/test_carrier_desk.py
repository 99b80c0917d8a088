"""The demo's carriers take bookings, or do not, and lay proofs behind links."""

from __future__ import annotations

import httpx

from connectors.documents.content import checked
from tests.support.waiting import PATIENCE
from topologies.demo.carrier_desk import (
    LATER,
    SIGN_IN,
    Asked,
    CarrierDesk,
    Conduct,
    carrier_desk,
    proof,
    tracking_number,
)

MOST = 1024 * 1024


def test_a_booking_is_answered_as_the_carrier_conducts_itself() -> None:
    conduct = {("swift", "D-2"): Conduct.DECLINES, ("swift", "D-3"): Conduct.SILENT}
    with carrier_desk(CarrierDesk(conduct)) as there, httpx.Client(base_url=there.address, timeout=PATIENCE) as client:
        def book(booking: str) -> httpx.Response:
            return client.post("/swift/bookings", json={"reference": booking})

        first, again = book("D-1-1"), book("D-1-1")
        assert (first.status_code, first.json()) == (201, again.json())
        assert first.json()["tracking_number"] == tracking_number("swift", "D-1-1")
        assert [book(one).status_code for one in ("D-2-1", "D-3-1")] == [422, 503]
        assert client.post("/swift/bookings", content=b"{}").status_code == 400
        assert client.post("/swift/bookings/swift-D-1-1/cancel", json={"reference": "D-1-1"}).status_code == 200
        assert there.asked() == [Asked("swift", "D-1-1", 2, 1), Asked("swift", "D-2-1", 1, 0),
                                 Asked("swift", "D-3-1", 1, 0)]


def test_a_link_gives_one_reply_after_the_other_and_the_last_for_good() -> None:
    with carrier_desk() as there:
        late = there.lay("late.pdf", [LATER, proof("D-1 (signed)")])
        assert [httpx.get(late, timeout=PATIENCE).status_code for _ in range(3)] == [404, 200, 200]
        assert checked(httpx.get(late, timeout=PATIENCE).content, MOST).refused == ""
        page = httpx.get(there.lay("page.pdf", [SIGN_IN]), timeout=PATIENCE)
        assert checked(page.content, MOST).refused
        assert httpx.get(f"{there.address}/proofs/other.pdf", timeout=PATIENCE).status_code == 404

"""The sender looks a posting up before each attempt, and says how the attempt ended."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from msgspec.structs import replace

from connectors.erp.port import Answer, OrderPage, Posted, Refused, Unknown
from connectors.erp.sender import PostingSender, Target
from streams.contracts.model import ErpNotice, ErpPosting
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AttemptResult
from tests.support.posting_inputs import NOW, notice, posting

SETTLE = 60_000


class FakeErp:
    """Answers as told, and counts."""

    def __init__(self, answer: Answer | Exception, found: Posted | Exception | None = None) -> None:
        self.answer, self.found = answer, found
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0

    async def post(self, posting: ErpPosting) -> Answer:
        self.asked.append(f"post {posting.posting_id}")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def find(self, posting: ErpPosting) -> Posted | None:
        self.asked.append(f"find {posting.posting_id}")
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def tell(self, notice: ErpNotice, key: str) -> Answer:
        self.asked.append(f"tell {notice.kind.value} {key}")
        return self.answer if not isinstance(self.answer, Exception) else Refused("no")

    async def told(self, notice: ErpNotice, key: str) -> Posted | None:
        self.asked.append(f"told {notice.kind.value} {key}")
        return self.found if not isinstance(self.found, Exception) else None

    async def orders(self, cursor: str) -> OrderPage:
        return OrderPage([], cursor)

    async def close(self) -> None:
        """Nothing is open."""


def request(number: int = 1, destination: str = "erp:main") -> OutboundRequest:
    one = posting(posting_id=f"p{number}")
    body = msgspec.json.encode(one).decode()
    return OutboundRequest(f"m{number}", destination, "main", f"80012{number}", one.kind.value, body, 1, NOW, NOW)


def made(erp: FakeErp | None, *requests: OutboundRequest, at_once: int = 2) -> list[OutboundAttempt]:
    async def make() -> list[OutboundAttempt]:
        sender = PostingSender({"main": Target(erp, at_once, SETTLE)}, lambda: NOW)
        return list(await asyncio.gather(*(sender.attempt(one) for one in requests)))

    return asyncio.run(make())


@pytest.mark.parametrize(("answer", "result", "detail", "retry_at"), [
    (Posted("S12 Invoice 7."), AttemptResult.ACCEPTED, "S12 Invoice 7.", None),
    (Refused("no\nsuch\u202e delivery"), AttemptResult.REFUSED, "no such delivery", None),
    (Unknown("no answer"), AttemptResult.UNAVAILABLE, "no answer", NOW + SETTLE),
    (Unknown("down", was_sent=False), AttemptResult.UNAVAILABLE, "down", None),
    (Unknown("busy", NOW + 9), AttemptResult.LIMITED, "busy", NOW + 9),
    (Transient("gone"), AttemptResult.UNAVAILABLE, "gone", None),
    (ZeroDivisionError(), AttemptResult.UNAVAILABLE, "the posting could not be made (ZeroDivisionError)", NOW + SETTLE),
])
def test_an_answer_becomes_a_result(
    answer: Answer | Exception, result: AttemptResult, detail: str, retry_at: int | None
) -> None:
    erp = FakeErp(answer)
    [attempt] = made(erp, request())
    assert (attempt.result, attempt.detail, attempt.retry_at) == (result, detail, retry_at)
    assert erp.asked == ["find p1", "post p1"]


def test_what_is_found_in_effect_is_not_posted_again() -> None:
    erp = FakeErp(Posted("never"), Posted("S12"))
    [attempt] = made(erp, request())
    assert (attempt.result, attempt.detail, erp.asked) == (AttemptResult.ACCEPTED, "S12", ["find p1"])


def test_what_cannot_be_looked_up_is_not_posted() -> None:
    erp = FakeErp(Posted("never"), Transient("down"))
    [attempt] = made(erp, request())
    assert (attempt.result, erp.asked) == (AttemptResult.UNAVAILABLE, ["find p1"])


def test_in_shadow_mode_nothing_is_asked() -> None:
    [attempt] = made(None, request())
    assert attempt.result is AttemptResult.DRY_RUN


def test_no_more_postings_are_under_way_than_the_erp_takes() -> None:
    erp = FakeErp(Posted("S"))
    made(erp, *(request(number) for number in range(9)), at_once=3)
    assert erp.most_at_once == 3


def test_a_destination_nobody_declared_waits() -> None:
    [attempt] = made(FakeErp(Posted("S")), request(destination="erp:other"))
    assert (attempt.result, attempt.detail) == (AttemptResult.UNAVAILABLE, "no ERP other is declared")


class Books:
    """An ERP that finds what was posted; a posting takes a while."""

    def __init__(self) -> None:
        self.posted = list[str]()

    async def post(self, posting: ErpPosting) -> Answer:
        await asyncio.sleep(0)
        self.posted.append(posting.posting_id)
        return Posted("S1")

    async def find(self, posting: ErpPosting) -> Posted | None:
        await asyncio.sleep(0)
        return Posted("S1") if posting.posting_id in self.posted else None

    async def tell(self, notice: ErpNotice, key: str) -> Answer:
        """Never comes back: this ERP hangs over notices."""
        self.posted.append(f"{notice.kind.value} {key}")
        await asyncio.Event().wait()
        return Posted("S1")

    async def told(self, notice: ErpNotice, key: str) -> Posted | None:
        del notice, key
        return None

    async def orders(self, cursor: str) -> OrderPage:
        return OrderPage([], cursor)

    async def close(self) -> None:
        """Nothing is open."""


def test_an_attempt_and_the_one_after_it_asked_for_together_post_once() -> None:
    async def make() -> tuple[Books, list[OutboundAttempt]]:
        books = Books()
        sender = PostingSender({"main": Target(books, 4, SETTLE)}, lambda: NOW)
        first = request()
        return books, list(await asyncio.gather(sender.attempt(first), sender.attempt(replace(first, attempt=2))))

    books, attempts = asyncio.run(make())
    assert books.posted == ["p1"]
    assert [one.result for one in attempts] == [AttemptResult.ACCEPTED] * 2


@pytest.mark.parametrize(("age", "waited"), [(0, []), (5_000, []), (5_001, [60.0])])
def test_a_request_that_another_sender_may_have_begun_waits_until_the_erp_is_done_with_it(
    age: int, waited: list[float]
) -> None:
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def make() -> OutboundAttempt:
        sender = PostingSender({"main": Target(Books(), 4, SETTLE)}, lambda: NOW + age, sleep)
        return await sender.attempt(request())

    assert asyncio.run(make()).result is AttemptResult.ACCEPTED
    assert slept == waited


def noticed(number: int) -> OutboundRequest:
    one = notice()
    body = msgspec.json.encode(one).decode()
    return OutboundRequest(f"n{number}", "notices:main", "main", f"80012{number}", one.kind.value, body, 1, NOW, NOW)


@pytest.mark.parametrize("found", [Posted("S1"), None])
def test_a_notice_is_looked_up_and_written_under_its_messages_id(found: Posted | None) -> None:
    erp = FakeErp(Posted("S1"), found)
    [attempt] = made(erp, noticed(1))
    assert attempt.result is AttemptResult.ACCEPTED
    assert erp.asked == ["told booked n1", *([] if found else ["tell booked n1"])]


def test_notices_that_hang_leave_half_of_the_room_to_postings() -> None:
    async def make() -> tuple[Books, list[OutboundAttempt]]:
        books = Books()
        sender = PostingSender({"main": Target(books, 4, SETTLE)}, lambda: NOW)
        hanging = [asyncio.ensure_future(sender.attempt(noticed(number))) for number in range(9)]
        posted = await asyncio.gather(*(sender.attempt(request(number)) for number in range(9)))
        for one in hanging:
            one.cancel()
        return books, list(posted)

    books, attempts = asyncio.run(make())
    assert [one.result for one in attempts] == [AttemptResult.ACCEPTED] * 9
    assert sorted(one for one in books.posted if one.startswith("booked")) == ["booked n0", "booked n1"]


def test_a_request_that_holds_no_notice_is_refused() -> None:
    [attempt] = made(FakeErp(Posted("S1")), replace(noticed(1), body="{}"))
    assert attempt.result is AttemptResult.REFUSED
    assert attempt.detail.startswith("the request holds no notice: ")

"""Says which channel is told what of an alert, and when."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import Alert
from streams.contracts.outbound import OutboundRequest
from streams.kernel.alert_vocabulary import OPEN, AlertState
from streams.kernel.outbound_vocabulary import AttemptResult, OutboundStatus
from streams.kernel.vocabulary import AlertKind, Correction, Severity
from streams.paging.channels import Service
from streams.paging.step import Forgotten
from streams.paging.wording import ACKNOWLEDGED, LONGEST_LINE, RAISED, RESOLVED, decoded
from tests.support.paging_inputs import MINUTE, Paging, Receiver, alert, channel, policy

OPS = channel("ops", escalate_ms=10 * MINUTE, escalate_to="pager")
PAGER = channel("pager", Service.PAGERDUTY, within_ms=0, escalate_ms=5 * MINUTE, escalate_to="boss")
BOSS = channel("boss", Service.EMAIL)


def world() -> Paging:
    return Paging(policy(OPS, PAGER, BOSS))


def told(requests: list[OutboundRequest]) -> list[tuple[str, str, int]]:
    return [(one.destination, one.kind, decoded(one.body).count) for one in requests]


def test_an_alert_waits_for_others_of_its_cause_and_one_message_tells_them_all() -> None:
    paging = world()
    assert paging(*(alert(f"a{number}") for number in range(7))) == []
    [request] = paging.after(MINUTE)
    said = decoded(request.body)
    assert told([request]) == [("channel:ops", RAISED, 7)]
    assert (said.title, len(said.lines), said.more) == ("7 alerts: delivery late, ups", 5, 2)
    assert said.lines[0] == "ups:a0: promised yesterday"


def test_alerts_of_different_causes_are_told_apart() -> None:
    paging = world()
    paging(alert("a1"), alert("a2", carrier="dhl"), alert("a3", kind=AlertKind.PROOF_MISSING, channels=["boss"]))
    assert {decoded(one.body).key for one in paging.after(MINUTE)} == {"a1", "a2", "a3"}


def test_one_alert_alone_is_told_in_its_own_words_under_its_own_id() -> None:
    paging = world()
    paging(alert("a1"))
    [request] = paging.after(MINUTE)
    said = decoded(request.body)
    assert (said.key, said.title, said.customers) == ("a1", "ups:a1: promised yesterday", ["C-1"])


def test_an_alert_that_is_over_before_it_is_told_is_not_told() -> None:
    paging = world()
    paging(alert("a1"))
    paging(alert("a1", AlertState.RESOLVED))
    assert paging.after(60 * MINUTE) == []
    assert paging.records == {}


def test_its_end_is_told_to_those_who_were_told_and_closes_what_was_opened() -> None:
    paging = world()
    paging(alert("a1", channels=["ops", "pager"]))
    raised = paging.after(MINUTE)
    for one in raised:
        paging.answer(one)
    ended = paging(alert("a1", AlertState.RESOLVED))
    assert sorted(told(ended)) == [("channel:ops", RESOLVED, 1), ("channel:pager", RESOLVED, 1)]
    assert {decoded(one.body).key for one in [*raised, *ended]} == {"a1"}
    assert paging.records == {}


def test_the_end_of_several_is_told_once_with_the_last() -> None:
    paging = world()
    paging(alert("a1"), alert("a2"))
    [raised] = paging.after(MINUTE)
    paging.answer(raised)
    assert paging(alert("a1", AlertState.RESOLVED)) == []
    [ended] = paging(Forgotten("a2"))
    assert (ended.kind, decoded(ended.body).key) == (RESOLVED, decoded(raised.body).key)


def test_an_alert_whose_message_was_never_attempted_ends_in_silence() -> None:
    paging = world()
    paging(alert("a1"), alert("a2", carrier="dhl"), alert("a3", carrier="dpd"))
    first, second = paging.after(MINUTE)
    assert paging(alert("a3", AlertState.RESOLVED)) == [], "its message waited for its turn: two at once"
    assert paging.answer(first) + paging.answer(second) == []
    last = {one.source_id: one.status for one in paging.outside.outcomes}
    assert last["a3"] is OutboundStatus.WITHDRAWN


def test_nobody_acknowledges_so_the_next_channel_is_told_and_then_the_one_after() -> None:
    paging = world()
    paging(alert("a1"))
    asked = list({one.message_id: one for one in reversed(paging.after(60 * MINUTE))}.values())[::-1]
    assert [one.destination for one in asked] == ["channel:ops", "channel:pager", "channel:boss"]
    assert [one.first_at - asked[0].first_at for one in asked] == [0, 10 * MINUTE, 16 * MINUTE]


def test_an_acknowledged_alert_is_not_escalated_and_the_pager_stops() -> None:
    paging = world()
    paging(alert("a1", channels=["pager"]))
    [raised] = paging.after(MINUTE)
    paging.answer(raised)
    [acknowledged] = paging(alert("a1", AlertState.ACKNOWLEDGED))
    assert (acknowledged.kind, decoded(acknowledged.body).key) == (ACKNOWLEDGED, "a1")
    paging.answer(acknowledged)
    assert paging(alert("a1", AlertState.ACKNOWLEDGED, note="on it")) == []
    assert paging.after(600 * MINUTE) == []


def test_a_snoozed_alert_is_quiet_until_it_wakes() -> None:
    paging = world()
    paging(alert("a1"))
    paging(alert("a1", AlertState.SNOOZED))
    assert paging.after(600 * MINUTE) == []
    paging(alert("a1", times_raised=2))
    assert told(paging.after(MINUTE)) == [("channel:ops", RAISED, 1)]


def test_an_alert_that_worsens_is_told_again_under_the_same_key() -> None:
    paging = world()
    paging(alert("a1"))
    [first] = paging.after(MINUTE)
    paging.answer(first)
    paging(alert("a1", note="the same"))
    assert paging.after(MINUTE) == []
    paging(alert("a1", severity=Severity.CRITICAL))
    [again] = paging.after(MINUTE)
    assert (again.kind, decoded(again.body).key, decoded(again.body).severity) == (RAISED, "a1", Severity.CRITICAL)
    assert again.message_id != first.message_id


def test_a_channel_nobody_declared_is_told_nothing() -> None:
    paging = world()
    paging(alert("a1", channels=["fax"]))
    assert paging.records == {}


def test_gathered_alerts_are_told_with_their_feeds_alert_only() -> None:
    paging = world()
    paging(alert("a1", AlertState.GATHERED))
    assert paging.records == {}


def test_a_dry_run_records_what_would_have_been_sent() -> None:
    paging = Paging(policy(channel("ops", dry_run=True)))
    paging(alert("a1"))
    assert paging.after(MINUTE) == []
    paging(alert("a1", AlertState.RESOLVED))
    ended = [(one.kind, one.status, one.correction) for one in paging.outside.outcomes]
    assert (RAISED, OutboundStatus.DRY_RUN, Correction.NEW) in ended
    assert ended[-1] == (RESOLVED, OutboundStatus.DRY_RUN, Correction.RETRACTS)


def test_foreign_text_is_one_line_of_bounded_length() -> None:
    paging = world()
    paging(alert("a1", message="two\nlines\x1b[31m " + "x" * 1000))
    [request] = paging.after(MINUTE)
    title = decoded(request.body).title
    assert "\n" not in title
    assert "\x1b" not in title
    assert len(title) <= LONGEST_LINE


NAMES = ("a1", "a2", "a3")
MOVES = st.one_of(
    st.tuples(st.sampled_from(("raise", "resolve", "ack", "snooze", "worsen", "repeat")), st.sampled_from(NAMES)),
    st.tuples(st.just("wait"), st.sampled_from((1, MINUTE // 2, MINUTE, 12 * MINUTE))),
    st.tuples(st.sampled_from(("accept", "fail", "lose", "again")), st.integers(0, 5)),
    st.tuples(st.just("crash"), st.booleans()),
)


class _Play:
    """A world whose answers come late, in another order, twice or never, and that forgets what it did last."""

    def __init__(self) -> None:
        self.paging = world()
        self.alerts: dict[str, Alert] = {}
        self.under_way: list[OutboundRequest] = []
        self.answered: list[OutboundRequest] = []
        self.receivers = {one.name: Receiver() for one in (OPS, PAGER, BOSS)}
        self.told_of: dict[tuple[str, str, int], int] = {}

    def say(self, move: str, name: str) -> None:
        known = self.alerts.get(name)
        times = 0 if known is None else known.times_raised
        is_open = known is not None and known.state in OPEN
        match move:
            case "raise" if not is_open or (known is not None and known.state is not AlertState.RAISED):
                known = alert(name, times_raised=times + 1, channels=["ops"])
            case "resolve" if is_open:
                known = alert(name, AlertState.RESOLVED, times_raised=times)
            case "ack" if is_open:
                known = alert(name, AlertState.ACKNOWLEDGED, times_raised=times)
            case "snooze" if is_open:
                known = alert(name, AlertState.SNOOZED, times_raised=times)
            case "worsen" if is_open and known is not None and known.state is AlertState.RAISED:
                known = alert(name, times_raised=times, severity=Severity.CRITICAL)
        if known is not None:
            self.alerts[name] = known
            self.under_way += self.paging(known)

    def answer(self, move: str, place: int) -> None:
        if move == "again":
            if self.answered:
                self.under_way += self.paging.answer(self.answered[place % len(self.answered)])
            return
        if not self.under_way:
            return
        request = self.under_way.pop(place % len(self.under_way))
        if move != "fail":
            self.receivers[request.destination.removeprefix("channel:")].take(request)
        result = AttemptResult.ACCEPTED if move == "accept" else AttemptResult.UNAVAILABLE
        self.answered.append(request)
        self.under_way += self.paging.answer(request, result)

    def crash(self, is_resent: bool) -> None:
        """The worker dies: the last step's records are lost, and made again; its requests went out or did not."""
        before = copy.deepcopy(self.paging)
        lost = self.paging.after(MINUTE)
        if is_resent:
            for request in lost:
                self.receivers[request.destination.removeprefix("channel:")].take(request)
        self.paging = before
        self.under_way += self.paging.after(MINUTE)

    def settle(self) -> None:
        for _ in range(200):
            while self.under_way:
                self.answer("accept", 0)
            asked = self.paging.after(60 * MINUTE)
            if not asked:
                return
            self.under_way += asked
        raise AssertionError("it never comes to rest")


@given(st.lists(MOVES, max_size=40))
def test_the_last_word_on_each_alert_reaches_each_channel_once(moves: list[tuple[str, object]]) -> None:
    play = _Play()
    for move, what in moves:
        if isinstance(what, str):
            play.say(move, what)
        elif move == "wait" and isinstance(what, int):
            play.under_way += play.paging.after(what)
        elif move == "crash":
            play.crash(bool(what))
        elif isinstance(what, int):
            play.answer(move, what)
    play.settle()
    seen = {name: set().union(*receiver.open.values()) for name, receiver in play.receivers.items()}
    for name, known in play.alerts.items():
        if known.state is AlertState.RAISED:
            for one in ("ops", "pager", "boss"):
                assert name in seen[one], f"{name} is raised and {one} does not know: nobody acknowledged it"
    for receiver in play.receivers.values():
        for members in receiver.open.values():
            assert any(play.alerts[name].state in OPEN for name in members), "told as open, and over"
        raised = [
            (name, times, key) for kind, key, members, times in receiver.messages.values() if kind == RAISED
            for name in members
        ]
        last = {name: play.alerts[name].times_raised for name in NAMES if name in play.alerts}
        for name, times in last.items():
            found = [one for one in raised if one[0] == name and one[1] == times]
            assert len(found) <= 2, "told twice of one state (once more where it worsened)"

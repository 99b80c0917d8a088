"""An event that waits for a reference to be somebody's falls due, is settled, and is forgotten when nobody needs it."""

from __future__ import annotations

from msgspec.structs import replace

from streams.identity.matching import MatchingRules, Resolutions, resolutions
from streams.identity.record import ReferenceRecord, Retractions, with_claim, with_event
from streams.identity.unresolved_alerts import (
    is_forgotten,
    next_due,
    public_state,
    remains,
    with_due_alert,
    without_outdated_alert,
)
from streams.kernel.vocabulary import AlertKind, AlertState
from tests.support.reference_inputs import RULES, line, unresolved, word
from tests.support.strategies import DAY_ONE, HOUR, MINUTE

HEARD = DAY_ONE + MINUTE
DUE = HEARD + 4 * HOUR


def known(*claims: object, events: int = 1) -> ReferenceRecord:
    one = ReferenceRecord("bol", "B1")
    for number in range(events):
        one = with_event(one, unresolved(number)) or one
    for claim in claims:
        one = with_claim(one, claim) or one  # type: ignore[arg-type]
    return one


def now(one: ReferenceRecord) -> Resolutions:
    return resolutions(one, RULES)


def test_an_alert_is_raised_once_when_the_first_event_has_waited_long_enough() -> None:
    one = known(events=2)
    assert next_due(one, now(one), RULES) == DUE
    assert with_due_alert(one, now(one), RULES, DUE - 1) == (one, [])
    raised, [alert] = with_due_alert(one, now(one), RULES, DUE)
    assert (alert.kind, alert.state, alert.subject) == (AlertKind.REFERENCE_UNRESOLVED, AlertState.RAISED, "bol:B1")
    assert (alert.raised_at, raised.alerted_at) == (DUE, DUE)
    assert with_due_alert(raised, now(raised), RULES, DUE + HOUR) == (raised, [])
    assert next_due(raised, now(raised), RULES) is None


def test_a_manual_resolution_resolves_the_alert() -> None:
    raised, [alert] = with_due_alert(known(), now(known()), RULES, DUE)
    resolved = with_claim(raised, word("N1"))
    assert resolved is not None
    after, [settling] = without_outdated_alert(resolved, now(resolved), RULES)
    assert (settling.alert_id, settling.state, after.alerted_at) == (alert.alert_id, AlertState.RESOLVED, None)
    assert without_outdated_alert(after, now(after), RULES) == (after, [])


def test_without_a_limit_no_alert_is_raised() -> None:
    patient = MatchingRules()
    assert next_due(known(), resolutions(known(), patient), patient) is None


def test_an_ambiguous_reference_is_not_unresolved() -> None:
    one = known(word("N1"), word("N2"))
    assert with_due_alert(one, now(one), RULES, DUE) == (one, [])
    assert next_due(one, now(one), RULES) is None


def test_a_record_is_forgotten_when_nothing_waits_and_nothing_said_reaches_so_far() -> None:
    one = known(word("N1"))
    at = HEARD + 2 * RULES.span_ms
    assert next_due(one, now(one), RULES) == at
    assert not is_forgotten(one, now(one), RULES, at - 1)
    assert is_forgotten(one, now(one), RULES, at)


def test_of_a_record_that_is_forgotten_what_was_taken_back_is_remembered_for_good() -> None:
    assert remains(known(word("N1"))) is None
    turned = replace(known(word("N1")), retractions=(Retractions("O-1\x1fD-1", "north:N1", 1),))
    left = remains(turned)
    assert left == ReferenceRecord("bol", "B1", retractions=turned.retractions)
    assert next_due(left, now(left), RULES) is None
    assert not is_forgotten(left, now(left), RULES, DAY_ONE + 99 * RULES.span_ms)


def test_a_record_with_unresolved_events_is_never_forgotten() -> None:
    for one in (known(), known(line(), events=0), known(word("N1"), word("N2"))):
        assert not is_forgotten(one, now(one), RULES, DAY_ONE + 99 * RULES.span_ms)


def test_others_read_what_waits_and_who_could_be_meant() -> None:
    one = known(line(), word("N2"), word("N1"))
    state = public_state(one, now(one), b"r")
    assert (state.type, state.value, state.shipments) == ("bol", "B1", ["north:N1", "north:N2"])
    assert (state.events_waiting, state.lines_waiting, state.resolved, state.ambiguous) == (1, 1, 0, True)
    assert (state.waiting_since, state.updated_at, state.record) == (HEARD, HEARD, b"r")
    one = known(line(), word("N2"))
    state = public_state(one, now(one), b"r")
    assert (state.events_waiting, state.lines_waiting, state.resolved, state.ambiguous) == (0, 0, 2, False)
    assert state.waiting_since is None

"""A feed is paused when both the share and the number of its dead letters are too large within the window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import FeedPause
from streams.intake.dead_letter_limit import DeadLetterLimit, Excess, FeedPauses, Limit

NOW, WINDOW = 1_700_000_000_000, 300_000
LIMIT = Limit(0.5, 200, WINDOW, frozenset({"free"}))


def test_few_dead_letters_are_no_reason_whatever_their_share() -> None:
    assert DeadLetterLimit(LIMIT).count("acme", 199, 199, NOW) is None


def test_a_small_share_is_no_reason_however_many_they_are() -> None:
    assert DeadLetterLimit(LIMIT).count("acme", 10_000, 5_000, NOW) is None
    assert DeadLetterLimit(LIMIT).count("acme", 10_000, 5_001, NOW) == Excess(5_001, 10_000)


def test_chunks_add_up_within_the_window_and_no_longer() -> None:
    limit = DeadLetterLimit(LIMIT)
    assert limit.count("acme", 100, 100, NOW) is None
    assert limit.count("acme", 50, 50, NOW + WINDOW) is None
    assert limit.count("acme", 50, 50, NOW + WINDOW + 2_000) is None
    assert limit.count("acme", 120, 100, NOW + WINDOW + 4_000) == Excess(200, 220)


def test_feeds_are_counted_apart_and_some_not_at_all() -> None:
    limit = DeadLetterLimit(LIMIT)
    assert limit.count("acme", 150, 150, NOW) is None
    assert limit.count("other", 150, 150, NOW) is None
    assert limit.count("free", 5_000, 5_000, NOW) is None
    assert limit.count("acme", 50, 50, NOW) == Excess(200, 200)


def test_counting_begins_anew_after_a_pause() -> None:
    limit = DeadLetterLimit(LIMIT)
    assert limit.count("acme", 300, 300, NOW) is not None
    assert limit.count("acme", 199, 199, NOW) is None


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 50), st.integers(0, 50)), max_size=60))
def test_it_says_no_sooner_and_no_later_than_a_count_of_everything(steps: list[tuple[int, int, int]]) -> None:
    limit, seen, now = DeadLetterLimit(Limit(0.5, 20, WINDOW)), [], NOW
    for passed, records, refused in steps:
        now += 1_000 + passed
        seen.append((now, records, min(records, refused)))
        seen = [one for one in seen if one[0] > now - WINDOW]
        wanted = Excess(sum(one[2] for one in seen), sum(one[1] for one in seen))
        too_many = wanted.refused >= 20 and wanted.refused > 0.5 * wanted.records
        assert limit.count("acme", records, min(records, refused), now) == (wanted if too_many else None)
        if too_many:
            seen = []


def pause(at: int, paused: bool, until: int | None = None) -> FeedPause:
    return FeedPause("acme", paused, at, "intake", "", until)


def test_the_newest_word_on_a_feed_counts_in_whatever_order_it_comes() -> None:
    for said in ([pause(1, True), pause(2, False)], [pause(2, False), pause(1, True)]):
        assert FeedPauses(said).paused == frozenset()
    assert FeedPauses([pause(2, False), pause(3, True)]).paused == {"acme"}


def test_a_feed_resumed_without_a_limit_has_one_again_later() -> None:
    pauses = FeedPauses([pause(1, False, until=NOW)])
    assert not pauses.is_limited("acme", NOW - 1)
    assert pauses.is_limited("acme", NOW)
    assert pauses.is_limited("other", 0)

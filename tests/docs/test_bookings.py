"""docs/bookings.md shows the state machine as the code has it."""

from __future__ import annotations

import pytest

from tools.booking_machine import PAGE, drawn


def test_the_drawing_is_the_codes() -> None:
    page = PAGE.read_text("utf-8")
    assert page == drawn(page), "draw it anew: python -m tools.booking_machine"


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        drawn("# Bookings")

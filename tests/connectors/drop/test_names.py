"""Names of dropped files."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from connectors.drop.names import LONGEST, beside, fitting, free

NAME = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=255)


@given(name=NAME)
def test_every_name_fits_and_a_short_one_stays(name: str) -> None:
    fits = fitting(name)
    assert 0 < len(os.fsencode(fits)) <= LONGEST
    assert (fits == name) == (len(os.fsencode(name)) <= LONGEST)
    assert len(os.fsencode(beside(Path("/x") / "y", ".sent").name)) < LONGEST


def test_two_long_names_with_the_same_beginning_stay_two() -> None:
    assert fitting("a" * 240 + "1.edi") != fitting("a" * 240 + "2.edi")


def test_a_long_suffix_is_none() -> None:
    assert len(fitting("a." + "b" * 250)) == LONGEST


def test_a_broken_link_takes_a_name_too(tmp_path: Path) -> None:
    (tmp_path / "a.edi").symlink_to("/nowhere")
    assert free(tmp_path / "a.edi").name == "a.2.edi"

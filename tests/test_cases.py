"""Payloads that were once read wrong, where they lie on this machine (tests/cases/): each becomes what is right."""

from __future__ import annotations

import pytest

from streams.intake.adapter import Adapter
from tests.cases import FOLDER, OWN_FOLDER, Case
from tests.cases.aspects import ASPECTS
from tests.cases.given import CASES, FILES, WORDS
from tests.cases.right import CASES as OWN
from tests.cases.running import compared, outcome_of, packaged


@pytest.fixture(scope="module")
def adapters() -> dict[str, Adapter]:
    return packaged()


@pytest.mark.skipif(not FOLDER.is_dir(), reason="SHIPSYNC_CASES names no folder of cases")
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.files))
def test_a_case_that_was_once_wrong_is_right(case: Case, adapters: dict[str, Adapter]) -> None:
    rows = list(compared(case, outcome_of(case, adapters)))
    assert {aspect: came for aspect, _, came in rows} == {aspect: right for aspect, right, _ in rows}


@pytest.mark.parametrize("case", OWN, ids=lambda case: str(case.files))
def test_of_each_kind_one_of_our_own_is_right(case: Case, adapters: dict[str, Adapter]) -> None:
    rows = list(compared(case, outcome_of(case, adapters, OWN_FOLDER)))
    assert {aspect: came for aspect, _, came in rows} == {aspect: right for aspect, right, _ in rows}


def test_no_payload_of_our_own_is_forgotten() -> None:
    named = {name for case in OWN for name in case.files.split()}
    assert {path.name for path in OWN_FOLDER.iterdir()} == named
    assert set(FILES) <= {case.files for case in OWN}


def test_every_word_that_differs_is_of_some_case() -> None:
    assert [own for own in WORDS if own not in repr(OWN)] == []
    assert [own for own in WORDS if own in repr(CASES)] == []


def test_every_case_says_of_something_what_is_right() -> None:
    assert [case.files for case in [*CASES, *OWN] if not case.right or not set(case.right) <= set(ASPECTS)] == []

"""``config/fulfilment.yaml`` is read into policies; a fault names file, line, field and fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.fulfilment.policy import PLAIN, ConfirmOn, DispatchOn, Patience, PiecesNeeded, Policies, ProofNeeded
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import WaitKind
from topologies.stages.fulfilment_rules import chasing, load

DAY = 86_400_000


def read(folder: Path, text: str) -> Policies:
    file = folder / "rules.yaml"
    file.write_text(text, "utf-8")
    return load(file)


def test_the_packaged_file_posts_as_carriers_say_it() -> None:
    found = load()
    assert found.default.is_plain
    assert found.customers == {}
    assert PLAIN.default.is_plain
    assert found.default.patience(WaitKind.PROOF) == Patience("finance", 5 * DAY)
    assert found.default.patience(WaitKind.DELIVERY).deadline_ms is None


def test_a_customer_has_what_its_policy_says_and_the_rest_of_the_default(tmp_path: Path) -> None:
    found = read(tmp_path, """
default:
  dispatch: first
  waits: {proof: {owner: billing, deadline: 5d}, pieces: {deadline: 2d}}
customers:
  "0815": {proof: document, grace: 10d, waits: {proof: {owner: Olga}}}
  C-2: {confirm: all, pieces: complete}
""")
    one, other = found.of("0815"), found.of("C-2")
    assert (one.dispatch, one.proof, one.grace_ms) == (DispatchOn.FIRST, ProofNeeded.DOCUMENT, 10 * DAY)
    assert one.patience(WaitKind.PROOF) == Patience("Olga", 5 * DAY)
    assert (other.confirm, other.proof) == (ConfirmOn.ALL, ProofNeeded.NONE)
    assert (one.pieces, other.pieces) == (PiecesNeeded.NONE, PiecesNeeded.COMPLETE)
    assert other.patience(WaitKind.PIECES).deadline_ms == 2 * DAY
    assert found.of("C-3") == found.default


def test_a_missing_document_is_asked_for_again_where_a_proof_is_needed_unless_the_file_says_otherwise(
    tmp_path: Path,
) -> None:
    waits = "waits: {proof: {deadline: 5d}}"
    found = chasing(read(tmp_path, f"""
customers:
  C-1: {{proof: document, {waits}}}
  C-2: {{proof: any, chase: [6h], {waits}}}
  C-3: {{proof: any, chase: [], {waits}}}
"""))
    assert found.customers == {"C-1": (DAY, 2 * DAY, 4 * DAY), "C-2": (DAY // 4,), "C-3": ()}
    assert (found.default, chasing(load()).default, load().default.chase_ms) == ((), (), (DAY, 2 * DAY, 4 * DAY))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("default: {proof: yes}", "rules.yaml:1: default.proof: 'yes' is not known; use one of none, any, document"),
        ("default: {dispatch: last}", "default.dispatch: 'last' is not known; use one of each, first, all"),
        ("default:\n  grace: soon", "rules.yaml:2: default.grace: 'soon' is no duration"),
        ("default: {grace: 3d}", "default.grace: no proof is waited for; take it out, or set proof: any"),
        ("default: {proof: any}", "default.waits.proof.deadline: a confirmation would wait and nobody hear of it"),
        ("default: {confirm: all}", "default.waits.pieces.deadline: a confirmation would wait and nobody hear"),
        ("default: {pieces: all}", "default.pieces: 'all' is not known; use one of none, complete"),
        ("default: {pieces: complete}", "default.waits.pieces.deadline: a confirmation would wait and nobody hear"),
        ("customers:\n  C-1: {prof: any}", "rules.yaml:2: customers.C-1.prof: there is no such field"),
        ("default: {waits: {proof: {owner: '', deadline: 3d}}}", "default.waits.proof.owner: name a person"),
        ("customers: [C-1]", "customers"),
        ("", "it is empty"),
    ],
)
def test_a_fault_names_file_line_field_and_fix(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Fatal) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


def test_a_grace_ends_a_wait_for_a_proof_as_a_deadline_does(tmp_path: Path) -> None:
    assert read(tmp_path, "default: {proof: any, grace: 4d}").default.grace_ms == 4 * DAY


def test_a_file_that_is_not_there_is_fatal(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="cannot be read"):
        load(tmp_path / "none.yaml")

"""Declarations: the packaged ones load, and every fault names file, line, field and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.erp.rest.client import BadAddress, checked_address
from connectors.erp.rest.compiled import load
from connectors.erp.rest.connector import rest_erp
from connectors.erp.rest.credentials import CredentialsError
from connectors.erp.rest.loading import DeclarationError, packaged
from streams.kernel.vocabulary import PostingKind
from tests.support.rest_erps import CASES

CALL = {"name": "make", "method": "POST", "path": "/postings", "body": {"key": "{{ posting.posting_id }}"}}
BY_HAND = {"by_hand": "do it yourself"}


def declared(**changes: Any) -> dict[str, Any]:
    """A small declaration that is right, with changes."""
    return {
        "erp": "small", "name": "Small", "source": "made up", "tested": "not at all",
        "authentication": {"kind": "bearer"}, "answers": {"reason": "json.message"},
        "postings": {"goods_issue": {"post": {"calls": [CALL], "reference": "calls.make.json.id"}, "reverse": BY_HAND}},
        "ignored": [{"kind": kind.value, "because": "no use"} for kind in PostingKind if kind.value != "goods_issue"],
        "lookup": {"calls": [{"name": "one", "path": "/postings/{{ posting.posting_id }}"}],
                   "found": "calls.one.json", "reference": "calls.one.json.id"},
        **changes,
    }


def written(home: Path, declaration: dict[str, Any]) -> Path:
    path = home / "small.yaml"
    path.write_text(yaml.safe_dump(declaration, sort_keys=False), "utf-8")
    return path


def goods_issue(**changes: Any) -> dict[str, Any]:
    rule = {"calls": [CALL], "reference": "calls.make.json.id", **changes}
    return declared(postings={"goods_issue": {"post": rule, "reverse": BY_HAND}})


def test_every_packaged_declaration_loads_and_is_tested() -> None:
    assert set(packaged()) == set(CASES)
    for name, path in packaged().items():
        compiled = load(path)
        assert compiled.declared.erp == name
        assert compiled.orders
        assert {kind for kind, _ in compiled.rules} | set(compiled.ignored) == set(PostingKind)


def test_a_small_declaration_loads(tmp_path: Path) -> None:
    assert load(written(tmp_path, declared())).declared.erp == "small"


FAULTS: list[tuple[dict[str, Any], str, str]] = [
    (declared(authentification={}), "authentification", "there is no such field; take it out or mend its name"),
    ({key: value for key, value in declared().items() if key != "name"}, "name", "is missing; add it"),
    (declared(ignored=[]), "the file", "nothing is said of cancellation"),
    (declared(ignored=[*declared()["ignored"], {"kind": "goods_issue", "because": "x"}]), "the file", "stands under"),
    (declared(authentication={"kind": "bearer", "key": "s3cret"}), "authentication.key", "there is no such field"),
    (goods_issue(calls=[{**CALL, "path": "postings"}]), "postings.goods_issue.post.calls.0.path", "begin with one /"),
    (goods_issue(calls=[{**CALL, "path": "//evil.example/x"}]), "postings.goods_issue.post.calls.0.path", "one /"),
    (goods_issue(calls=[{**CALL, "body": {"a": "{{ posting.number }}"}}]), "postings.goods_issue.post.calls.0.body",
     "a: posting.number is not known; posting has"),
    (goods_issue(calls=[{**CALL, "body": "{{ nothing }}"}]), "postings.goods_issue.post.calls.0.body",
     "'nothing' is not known here"),
    (goods_issue(calls=[{**CALL, "body": "{{ posting. }}"}]), "postings.goods_issue.post.calls.0.body",
     "cannot be read"),
    (goods_issue(calls=[{**CALL, "unless": "calls.make.status == 200"}]), "postings.goods_issue.post.calls.0.unless",
     "'calls' is not known here"),
    (goods_issue(reference="calls.other.json.id"), "postings.goods_issue.post.reference", "calls.other is not known"),
    (goods_issue(calls=[{**CALL, "body": {}}]), "postings.goods_issue.post.calls", "carries posting.posting_id"),
    (goods_issue(calls=[CALL, {**CALL, "name": "more"}]), "postings.goods_issue.post.calls.0",
     "would be made again after a failure behind it"),
    (goods_issue(calls=[CALL, CALL]), "postings.goods_issue.post.calls.1.name", "names two calls"),
    (goods_issue(by_hand="both"), "postings.goods_issue.post", "either calls or by_hand"),
    (declared(lookup={"none": "states are read first"}), "postings.goods_issue.post.calls.0", "would be made again"),
    ({key: value for key, value in declared().items() if key != "lookup"}, "postings.goods_issue.post",
     "needs a lookup"),
    (declared(lookup={**declared()["lookup"], "calls": [CALL]}), "lookup", "has a call that writes"),
]


@pytest.mark.parametrize(("declaration", "field", "problem"), FAULTS, ids=[f"{one[1]}-{one[2][:20]}" for one in FAULTS])
def test_a_fault_names_file_line_field_and_fix(
    tmp_path: Path, declaration: dict[str, Any], field: str, problem: str
) -> None:
    path = written(tmp_path, declaration)
    with pytest.raises(DeclarationError) as raised:
        load(path)
    error = raised.value
    assert (error.field or "the file") == field
    assert problem in error.problem
    assert str(error).startswith(f"{path}:{error.line}: {field}: ")
    if field in declaration:
        assert path.read_text("utf-8").splitlines()[error.line - 1].startswith(f"{field}:")


def test_a_field_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("erp: small\nname: A\nname: B\n", "utf-8")
    with pytest.raises(DeclarationError, match=r"twice.yaml:3: name: stands there twice; keep one"):
        load(path)


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "\x00"])
def test_a_file_that_is_no_declaration_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "none.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(DeclarationError, match=r"none.yaml:\d+: the file: "):
        load(path)


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="cannot be read"):
        rest_erp(tmp_path / "gone.yaml", "https://erp.example", {"key": "s3cret-key"})


@pytest.mark.parametrize(("given", "words"), [
    ({}, "lack key"), ({"key": "s3cret-key", "password": "s3cret-word"}, "have password"),
    ({"key": "s3cret\nkey"}, "control character"),
])
def test_credentials_that_do_not_fit_are_named_and_not_shown(given: dict[str, str], words: str) -> None:
    with pytest.raises(CredentialsError, match=words) as raised:
        rest_erp("odoo", "https://erp.example", given, {"database": "d"})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(("given", "words"), [({}, "lacks database"), ({"database": "d", "colour": "red"}, "colour")])
def test_values_that_do_not_fit_are_named(given: dict[str, str], words: str) -> None:
    with pytest.raises(CredentialsError, match=words):
        rest_erp("odoo", "https://erp.example", {"key": "s3cret-key"}, given)


@pytest.mark.parametrize("address", [
    "erp.example", "ftp://erp.example", "https://", "https://user:word@erp.example", "https://erp.example/?a=1",
    "http://erp.example",
])
def test_an_address_that_would_leak_or_leads_nowhere_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        checked_address(address, plain_http=False)


def test_an_address_is_taken_without_the_slash_behind_it() -> None:
    assert checked_address("https://erp.example/base/", plain_http=False) == "https://erp.example/base"
    assert checked_address("http://erp.example", plain_http=True) == "http://erp.example"
    assert checked_address("http://127.0.0.1:8069", plain_http=False) == "http://127.0.0.1:8069"

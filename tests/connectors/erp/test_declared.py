"""The list of ERPs: what is wrong is named with its line and its mending; secrets are read from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.erp.building import targets_of
from connectors.erp.declared import load
from streams.kernel.errors import Fatal

GOOD = {
    "name": "main", "kind": "tryton", "address": "https://t.example.com", "database": "d", "user": "u",
    "secrets": "{password: {env: SHIPSYNC_X}}",
}


def written(folder: Path, **changes: str | None) -> Path:
    fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    path = folder / "erp.yaml"
    path.write_text("erps:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in fields.items()) + "\n")
    return path


def test_the_packaged_list_names_no_erp() -> None:
    assert load() == []


@pytest.mark.parametrize(("changes", "said"), [
    ({"name": "Main ERP"}, "name: use lower-case letters"),
    ({"kind": "sap"}, "kind: use one of tryton, rest"),
    ({"address": "t.example.com"}, "address: use the server's address"),
    ({"user": None}, "user: a tryton needs it"),
    ({"secrets": None}, "secrets: a tryton needs the user's password"),
    ({"secrets": "{password: {}}"}, "secrets.password: name either"),
    ({"secrets": "{password: {env: s3cr3t!}}"}, "the secret itself may not stand here"),
    ({"at_once": "0"}, "at_once: use a number from 1 to 64"),
    ({"notices": "[booked, sold]"}, "notices.1: use some of ready_to_ship, booked, exception_opened"),
    ({"notices": "[exception_opened]", "exceptions": "[loss, damaged]"}, "exceptions.1: did you mean damage? use some"),
    ({"notices": "[exception_opened]", "exceptions": "[none]"}, "exceptions.0: use some of delay, damage, loss"),
    ({"notices": "[exception_opened]", "exceptions": "[]"}, "exceptions: name at least one, or take exception_opened"),
    ({"notices": "[booked]", "exceptions": "[loss]"}, "exceptions: its notices are of no exceptions; add"),
    ({"settle": "-1"}, "settle: use seconds"),
    ({"timeout": "soon"}, "timeout: Expected `float | null`"),
    ({"invoice_after": "never"}, "invoice_after: use one of confirmation, proof"),
    ({"dryrun": "true"}, "there is no such field"),
])
def test_a_fault_names_file_line_field_and_fix(tmp_path: Path, changes: dict[str, str | None], said: str) -> None:
    with pytest.raises(Fatal) as fault:
        load(written(tmp_path, **changes))
    assert said in str(fault.value)
    assert f"{tmp_path / 'erp.yaml'}:" in str(fault.value)
    assert "s3cr3t" not in str(fault.value)


def test_a_secret_that_is_not_there_is_named_and_a_shadow_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHIPSYNC_X", raising=False)
    with pytest.raises(Fatal, match="SHIPSYNC_X is not set"):
        targets_of(load(written(tmp_path)))
    [shadow] = targets_of(load(written(tmp_path, dry_run="true"))).values()
    assert shadow.erp is None


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    [one] = load(written(tmp_path, secrets=f"{{password: {{file: {secret}}}}}"))
    assert one.secrets["password"].read() == "hush"
    secret.write_text("")
    with pytest.raises(Fatal, match="is empty"):
        one.secrets["password"].read()


def test_a_time_limit_of_the_list_goes_before_that_of_a_declaration(tmp_path: Path) -> None:
    changes = {"kind": "rest", "declaration": "erpnext", "database": None, "user": None}
    unsaid, said = load(written(tmp_path, **changes)), load(written(tmp_path, **changes, timeout="7"))
    assert [one.timeout for one in (*unsaid, *said)] == [None, 7.0]


def test_an_erp_is_told_what_it_names_with_its_end_and_by_default_nothing(tmp_path: Path) -> None:
    [silent] = load(written(tmp_path))
    assert silent.notice_kinds == frozenset()
    [told] = load(written(tmp_path, notices="[booked, exception_closed]"))
    assert sorted(told.notice_kinds) == ["booked", "booking_cancelled", "exception_closed", "exception_opened"]


def test_an_erp_is_told_the_exceptions_that_it_names_and_by_default_none_of_the_way(tmp_path: Path) -> None:
    [unsaid] = load(written(tmp_path, notices="[exception_opened]"))
    assert sorted(unsaid.exceptions_told) == [
        "address", "consignee", "customs", "damage", "documents", "hold", "loss", "payment", "refusal", "shortage",
    ]
    [said] = load(written(tmp_path, notices="[exception_opened]", exceptions="[delay, loss]"))
    assert sorted(said.exceptions_told) == ["delay", "loss"]


def test_notices_that_a_declaration_cannot_write_are_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSYNC_X", "k")
    file = written(
        tmp_path, kind="rest", declaration="netsuite", address="https://n.example.com", values="{account: a}",
        secrets="{consumer_key: {env: SHIPSYNC_X}, consumer_secret: {env: SHIPSYNC_X}, token_id: {env: SHIPSYNC_X},"
        " token_secret: {env: SHIPSYNC_X}}", database=None, user=None, notices="[booked]",
    )
    with pytest.raises(Fatal, match="main: notices: netsuite does not say how to write booked; take it out"):
        targets_of(load(file))

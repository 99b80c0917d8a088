"""``shipsync keys new``: the key it prints is let in by the entry it prints, and by nothing else."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from portal.api.clients import bearer, clients_of
from topologies.cli.main import app

ARGUMENTS = ["keys", "new", "erp-reader", "--scope", "shipments:read", "--scope", "orders:read"]


def test_the_key_is_let_in_by_its_entry() -> None:
    done = CliRunner().invoke(app, [*ARGUMENTS, "--customer", "C-1", "--expires", "2099-01-31", "--json"])
    assert done.exit_code == 0, done.output
    made = json.loads(done.output)
    [client] = clients_of(SecretStr(json.dumps([made["entry"]])))
    assert bearer(made["key"], [client]) is client
    assert bearer(made["key"][:-1], [client]) is None
    assert (client.name, client.customer, client.scopes) == ("erp-reader", "C-1", {"shipments:read", "orders:read"})
    assert made["key"] not in json.dumps(made["entry"])


def test_each_key_is_another_and_the_text_holds_key_and_entry() -> None:
    first, second = (CliRunner().invoke(app, ARGUMENTS).output.splitlines() for _ in range(2))
    key, another = (next(line.strip() for line in lines if line.startswith("  shipsync_")) for lines in (first, second))
    assert key != another
    entry = next(line for line in first if line.startswith("  {"))
    assert bearer(key, clients_of(SecretStr(f"[{entry}]"))) is not None


@pytest.mark.parametrize(("more", "said"), [
    (["--scope", "shipment:read"], "did you mean shipments:read"),
    (["--scope", "raw:read", "--customer", "C-1"], "raw"),
    (["--scope", "raw:read", "--expires", "soon"], "2027-01-31"), ([], "scope"),
    (["--scope", "raw:read", "--expires", "2027-01-31T10:00"], "offset"),
])
def test_what_no_entry_may_say_is_refused(more: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["keys", "new", "erp", *more], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert said in done.output

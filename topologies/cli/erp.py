"""``shipsync erp``: checks a declaration of an ERP, and shows what it would send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import typer

from topologies.cli.tables import KEY, Column, Table
from topologies.operations.terminal import echo_json, echo_text
from topologies.runtime.exit_codes import ExitCode

app = typer.Typer(
    help="ERPs that a file declares (docs/erp-rest.md).", no_args_is_help=True, rich_markup_mode="rich",
)


@app.callback()
def group() -> None:
    """ERPs that a file declares (docs/erp-rest.md)."""


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(
        help="A declaration, or the name of a packaged one.", show_default=False, metavar="FILE")],
    value: Annotated[
        list[str] | None, typer.Option("--value", help="NAME=VALUE of the declaration; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check a declaration and show what would be sent for a sample posting of each kind. Nothing is sent."""
    from connectors.erp.rest.compiled import load
    from connectors.erp.rest.connector import found
    from connectors.erp.rest.loading import DeclarationError
    from connectors.erp.rest.preview import preview

    given = dict(_named(one) for one in value or ())
    try:
        compiled = load(found(str(file)))
    except DeclarationError as error:
        if as_json:
            echo_json({"valid": False, "file": str(error.path), "line": error.line, "field": error.field,
                       "problem": error.problem})
        else:
            echo_text(str(error))
        raise typer.Exit(ExitCode.FAILURE) from error
    unknown = sorted(set(given) - set(compiled.declared.values))
    if unknown:
        raise typer.BadParameter(f"{unknown[0]} is no value of {compiled.path.name}")
    told = preview(compiled, given)
    if as_json:
        echo_json({"valid": True, "file": str(compiled.path), **told})
        return
    _show(told)


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is to be NAME=VALUE", param_hint="--value")
    return name, value


def _show(told: dict[str, Any]) -> None:
    echo_text(f"{told['name']}: the declaration is right. Tested {told['tested']}.")
    echo_text(f"Credentials: {', '.join(told['credentials'])}. Values: {_values(told['values'])}.")
    table = Table(
        Column("posting", KEY), Column("call"), Column("request"), Column("body", 2), Column("left out if", 3)
    )
    for one in told["postings"]:
        kind = one["kind"] + (", reversed" if one["reverses"] else "")
        if "ignored" in one:
            table.add(kind, "", f"not posted: {one['ignored']}", "", "")
        elif "by_hand" in one:
            table.add(kind, "", f"refused: {one['by_hand']}", "", "")
        else:
            _add(table, kind, one["calls"])
    for one in told["notices"]:
        if "by_hand" in one:
            table.add(one["kind"], "", f"refused: {one['by_hand']}", "", "")
        else:
            _add(table, f"notice: {one['kind']}", one["calls"])
    for one in told["orders"]:
        _add(table, f"orders: {one['source']}", one["calls"])
    table.show()


def _values(values: dict[str, str | None]) -> str:
    return ", ".join(f"{name} (due)" if value is None else f"{name} ({value or 'empty'})"
                     for name, value in values.items()) or "none"


def _add(table: Table, title: str, calls: list[dict[str, Any]]) -> None:
    for call in calls:
        query = "&".join(f"{name}={_plain(one)}" for name, one in call["query"].items() if one is not None)
        request = f"{call['method']} {unquote(call['path'])}" + (f"?{query}" if query else "")
        table.add(title, call["name"], request, "" if call["body"] is None else _plain(call["body"]),
                  call["unless"] or "")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

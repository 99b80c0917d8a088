"""``shipsync keys``: keys for programs that read the API."""

from __future__ import annotations

from typing import Annotated

import typer

from topologies.operations.terminal import echo, echo_json, echo_text, one_line

app = typer.Typer(help="Make keys for programs that read the API.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Make keys for programs that read the API."""


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="The program's name: letters, digits, dots.", show_default=False)],
    scope: Annotated[list[str], typer.Option(help="What it may read; repeat it for several.", show_default=False)],
    customer: Annotated[str | None, typer.Option(help="It sees only what is this customer's.")] = None,
    expires: Annotated[str | None, typer.Option(help="Last day (UTC), or a time with its offset.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print a new key, once, and the entry to add to SHIPSYNC_CLIENTS; nothing is stored."""
    import msgspec

    from config.setting_group import SettingsError
    from portal.api.clients import SETTING, new_key

    try:
        key, entry = new_key(name, scope, customer, expires)
    except SettingsError as error:
        raise typer.BadParameter(one_line(str(error).removeprefix(f"{SETTING}: "))) from None
    if as_json:
        echo_json({"key": key, "entry": msgspec.to_builtins(entry)})
        return
    echo("The key, shown only now; give it to the program:")
    echo_text(f"  {key}")
    echo("The entry to add to the list in SHIPSYNC_CLIENTS, before the portal is started again:")
    echo_text(f"  {msgspec.json.encode(entry).decode()}")

"""``shipsync users``: entries for people who may sign in to the control tower."""

from __future__ import annotations

from typing import Annotated

import typer

from portal.sign_in.roles import Role
from topologies.operations.terminal import echo, echo_json

app = typer.Typer(
    help="People who may sign in to the control tower (SHIPSYNC_PORTAL_USERS).", no_args_is_help=True,
    rich_markup_mode="rich",
)
SHORTEST = 10


@app.callback()
def users() -> None:
    """People who may sign in to the control tower."""


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Name, as it stands beside what the person does.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.VIEWER,
    password: Annotated[str, typer.Option(
        prompt=True, confirmation_prompt=True, hide_input=True, help="Asked for where it is left out."
    )] = "",
) -> None:
    """Make an entry for SHIPSYNC_PORTAL_USERS; the password is kept as its Argon2 hash only."""
    from portal.sign_in.people import hashed

    if not name.strip() or not name.isprintable():
        raise typer.BadParameter("a name that can be shown is due", param_hint="NAME")
    if len(password) < SHORTEST:
        raise typer.BadParameter(f"{SHORTEST} characters or more are due", param_hint="--password")
    echo("Add to the list in SHIPSYNC_PORTAL_USERS (or the file of SHIPSYNC_PORTAL_USERS_FILE):", err=True)
    echo_json({"name": name, "role": role.value, "password": hashed(password)})

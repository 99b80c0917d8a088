"""Shares what commands that decide about deliveries have in common: their options, and what they answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from topologies.operations.terminal import echo, echo_json, echo_text
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from streams.contracts.model import BookingDecision, FulfilmentDecision

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Delivery = Annotated[str, typer.Argument(help="The ERP's delivery.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, for those who look later.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say whether it is possible; decide nothing.")]


def tell_possible(action: str, delivery: str, phase: str, known: dict[str, Any], *, as_json: bool) -> None:
    """Answer a dry run. ``known``: the delivery as it stands."""
    if as_json:
        echo_json({"possible": True, "decided": False, "delivery": known})
    else:
        echo(f"{action} of delivery {delivery} ({phase}) is possible. Nothing was decided.")


def tell_decided(decision: BookingDecision | FulfilmentDecision, phase: str, *, as_json: bool) -> None:
    """Answer a decision. ``phase``: where the delivery stood."""
    from msgspec import to_builtins

    if as_json:
        echo_json({"decided": True, **to_builtins(decision)})
    else:
        echo(f"{decision.action.value} of delivery {decision.delivery_id} ({phase}) is decided by {decision.by}.")


def loaded(load: Callable[[Path | None], T], file: Path | None, *, as_json: bool) -> T:
    """Load what a file declares. Ends the command where it cannot be loaded, and says why."""
    from streams.kernel.errors import Fatal

    try:
        return load(file)
    except Fatal as error:
        if as_json:
            echo_json({"valid": False, "problem": str(error)})
        else:
            echo_text(str(error))
        raise typer.Exit(ExitCode.FAILURE) from error

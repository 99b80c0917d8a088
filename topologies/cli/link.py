"""``shipsync link``: the address of a customer's tracking page."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from topologies.cli import current
from topologies.operations.terminal import echo, echo_json


def command(
    order: Annotated[str, typer.Argument(help="Order whose parcels the page shows.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print a link to the tracking page of an order: unguessable, good for SHIPSYNC_PORTAL_TRACKING_DAYS."""
    from connectors.read_store.reader import ReadStore
    from portal.server.secret import secret_of
    from portal.tracking.tokens import Subject, Tokens
    from streams.kernel.errors import Fatal
    from topologies.workers.read_model import folder_of

    settings = current.stack_settings()
    with closing(ReadStore(folder_of(settings))) as store:
        found = store.order(order)
    if found is None:
        raise Fatal(f"the read model knows no order {order}: shipsync orders lists what there is")
    token = Tokens(secret_of(settings), settings.portal.tracking_days).made(
        Subject("order", order, found.customer_id)
    )
    link = f"http://{settings.process.host}:{settings.portal.port}/t/{token}"
    if as_json:
        echo_json({"order": order, "customer": found.customer_id, "link": link, "days": settings.portal.tracking_days})
    else:
        echo(link)

"""The commands of ``shipsync``. A command's module is imported when the command is asked for: the help, a shell's
completion and every other command start without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from topologies.cli.examples import examples_of

TRY, LOOK, RUN, HIDDEN = "Try it", "Look and decide", "Run it", ""
Before = Callable[[], None]


class Entry(NamedTuple):
    """A command in the list of commands. ``panel``: where it stands; ``line``: the first line of its own help."""

    panel: str
    line: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry(TRY, "Play a few hundred shipments into ShipSync and watch the results."),
    "find": Entry(LOOK, "Find shipments and orders by any number, or by a customer's number."),
    "show": Entry(LOOK, "Show one shipment, order or alert, with all that is known about it."),
    "trace": Entry(LOOK, "Show each step of an order from the ERP to the invoice, by time, with the record that tells "
                         "it."),
    "status": Entry(LOOK, "Show each process: state, records per second, outcomes, dead letters, lag, memory; and open "
                          "alerts."),
    "alerts": Entry(LOOK, "List, show and handle alerts (docs/alerts.md)."),
    "audit": Entry(LOOK, "List what people and programs did: in the control tower, by the API and by commands."),
    "deadletters": Entry(LOOK, "List dead letters; replay some: show what would become of them, then do it."),
    "postings": Entry(LOOK, "Show what waits to be posted into ERPs, or told to them, and why (docs/erp.md)."),
    "fulfilment": Entry(LOOK, "Show where ERP deliveries stand and what they wait for; decide about them "
                              "(docs/fulfilment.md)."),
    "documents": Entry(LOOK, "Show documents of shipments, and why those that are missing are (docs/documents.md)."),
    "bookings": Entry(LOOK, "Show which carrier each released delivery has or is offered to; decide about it "
                            "(docs/bookings.md)."),
    "orders": Entry(LOOK, "Find orders and shipments that do not match."),
    "delivery": Entry(LOOK, "Deliveries held back because they are doubtful."),
    "identity": Entry(LOOK, "Resolve references that belong to no known shipment."),
    "state": Entry(LOOK, "Show what is known about one shipment; mend a state topic."),
    "norms": Entry(LOOK, "Show how long shipments usually stay in a status, by carrier and lane, learnt from past "
                         "shipments."),
    "tail": Entry(LOOK, "Print the last ten decoded records of a topic, then others as they arrive; dead letters with "
                        "their reason."),
    "carrier": Entry(TRY, "List carriers; try, check and draft mappings on files, without a broker; re-map what was "
                          "published."),
    "feed": Entry(TRY, "Send carrier files to a feed unchanged, one record per file."),
    "link": Entry(TRY, "Print a link to the tracking page of an order: unguessable, good for "
                       "SHIPSYNC_PORTAL_TRACKING_DAYS."),
    "up": Entry(RUN, "Start broker, Valkey, registry and all stages; restart those that end; Ctrl-C stops all."),
    "stage": Entry(RUN, "Run one stage until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."),
    "gateway": Entry(RUN, "Serve the HTTP gateway until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."),
    "portal": Entry(RUN, "Serve the control tower, the tracking page and the API until SIGTERM or Ctrl-C."),
    "views": Entry(RUN, "The read model that pages and the API read (docs/read-model.md)."),
    "poll": Entry(RUN, "Poll carriers' tracking APIs for the numbers in orders (docs/polling.md)."),
    "pull": Entry(RUN, "Read orders from ERPs (docs/erp-rest.md), and documents from carriers' hosts "
                       "(docs/documents.md)."),
    "erp": Entry(RUN, "ERPs that a file declares (docs/erp-rest.md)."),
    "send": Entry(RUN, "Send messages to customers' endpoints (docs/notifications.md), postings to ERPs (docs/erp.md) "
                       "and alerts to people (docs/alerts.md)."),
    "subscriptions": Entry(RUN, "People who are told of shipments by e-mail or chat (docs/notifications.md)."),
    "webhooks": Entry(RUN, "Customers' webhook endpoints (docs/notifications.md)."),
    "drop": Entry(RUN, "Watch SHIPSYNC_DROP_DIR: send each file in FEED/inbox, then move it to FEED/archive or "
                       "FEED/quarantine."),
    "feeds": Entry(RUN, "See, pause and resume feeds."),
    "masterdata": Entry(RUN, "Keep carriers, customers, references and links by hand."),
    "topics": Entry(RUN, "List the declared topics; create them, or compare them with the cluster."),
    "settings": Entry(RUN, "List every setting: its variable, the value it has here, what it does. Secrets are not "
                           "shown."),
    "keys": Entry(RUN, "Make keys for programs that read the API."),
    "users": Entry(RUN, "People who may sign in to the control tower (SHIPSYNC_PORTAL_USERS)."),
    "completion": Entry(RUN, "Print the script that completes commands and options in a shell: bash, zsh or fish."),
    "version": Entry(RUN, "Print the version."),
    "registry": Entry(HIDDEN, "Serve the contracts of avro/ in the Confluent Schema Registry's read API, at "
                              "SHIPSYNC_REGISTRY_URL."),
}
"""Each is the module of its name in this package, with ``app`` for a group of commands or ``command``."""


class QuickGroup(TyperGroup):
    """A group whose help starts without pydantic."""

    def get_help_option(self, ctx: Any) -> Any:
        """``--help``, which is False where it is not given: None is a value that typer imports pydantic to convert."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


class LazyGroup(QuickGroup):
    """The group of all commands: lists them by their line alone, and loads the one that is asked for."""

    before: Before | None = None

    def __init__(self, **given: Any) -> None:
        """Takes what typer gives a group."""
        super().__init__(**given)
        self.commands = {
            name: TyperCommand(
                name, help=line, hidden=not panel, rich_help_panel=panel or None, rich_markup_mode="rich"
            )
            for name, (panel, line) in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command the arguments begin with, loaded. Raises UsageError for one that is not known."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None or command is None else loaded(name, self.before), rest


def loaded(name: str, before: Before | None = None) -> TyperCommand | TyperGroup:
    """The command of this name, whole. ``before`` is called before any of it does its work."""
    module, (panel, _) = import_module(f"topologies.cli.{name}"), COMMANDS[name]
    app = typer.Typer(rich_markup_mode="rich")
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name, cls=QuickGroup, rich_help_panel=panel)
    else:
        app.command(name, rich_help_panel=panel or None, hidden=not panel)(module.command)
    command = typer.main.get_group(app).commands[name]
    assert isinstance(command, TyperCommand | TyperGroup)
    for path, one in [(name, command), *members(command, name)]:
        one.epilog = examples_of(path)
        if before is not None and one.callback is not None and not _only_groups(one):
            one.callback = _after(before, one.callback)
    return command


def members(command: Any, path: str) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """The commands inside a group, each with all words that call it."""
    for name, one in getattr(command, "commands", {}).items():
        yield f"{path} {name}", one
        yield from members(one, f"{path} {name}")


def _only_groups(command: TyperCommand | TyperGroup) -> bool:
    return isinstance(command, TyperGroup) and not command.invoke_without_command


def _after(before: Before, work: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **named: Any) -> Any:
        before()
        return work(*arguments, **named)

    return called

"""``shipsync topics``: lists the declared topics, creates missing ones, reports differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from config.topics import DAY_MS, Cleanup, Topic, raw
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.terminal import PlainConsole, echo_json, echo_text
from topologies.runtime.exit_codes import ExitCode

WAIT_SECONDS = 10.0
EVERY_FEED = "<feed>"


def command(
    create: Annotated[bool, typer.Option("--create", help="Create missing topics.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Compare with the cluster; exit 1 on a difference.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the table of docs/topics.md.")] = False,
) -> None:
    """List the declared topics; create them, or compare them with the cluster."""
    from topologies.local_stack.stack import catalogue

    declared = catalogue(None if markdown else current.settings().intake)
    console = PlainConsole(in_lines=True)
    if create or check:
        _on_the_cluster(declared, console, create=create)
    elif as_json:
        echo_json([row(topic) for topic in declared])
    elif markdown:
        echo_text(as_markdown(declared))
    else:
        table = Table(
            Column("topic", KEY), Column("what"), Column("key", 2), Column("contract", 3), Column("cleanup", 4),
            Column("owner", 5),
        )
        for topic in declared:
            told = row(topic)
            table.add(*(str(told[name] or "") for name in ("name", "what", "key", "schema", "cleanup", "owner")))
        table.show()


def _on_the_cluster(declared: Sequence[Topic], console: PlainConsole, *, create: bool) -> None:
    from connectors.kafka.topic_admin import TopicAdmin

    admin = TopicAdmin(current.stack_settings())
    admin.wait(WAIT_SECONDS)
    if create:
        for name in admin.create(declared):
            console.print(f"created {name}")
    found = admin.differences(declared)
    for difference in found:
        console.print(difference)
    if found:
        raise typer.Exit(ExitCode.FAILURE)
    console.print(f"{len(declared)} topics are as declared")


def row(topic: Topic) -> dict[str, Any]:
    """One topic as plain data."""
    return {
        "name": topic.name, "what": topic.what, "key": topic.key, "schema": topic.schema,
        "partitions": topic.partitions, "cleanup": topic.cleanup.value,
        "retention_days": round(topic.retention_ms / DAY_MS), "owner": topic.owner,
        "personal_data": topic.personal_data, "lifecycle": topic.lifecycle.value,
    }


def as_markdown(declared: Sequence[Topic]) -> str:
    """The table of ``docs/topics.md``; raw topics stand as one row, whatever the feeds."""
    lines = [
        "| topic | what | key | contract | partitions | kept | owner | personal data |",
        "|---|---|---|---|---|---|---|---|",
    ]
    any_feeds = raw(EVERY_FEED)
    others = [topic for topic in declared if not topic.name.startswith(any_feeds.name.split(EVERY_FEED)[0])]
    return "\n".join([*lines, *(_markdown_row(topic) for topic in (any_feeds, *others))])


def _markdown_row(topic: Topic) -> str:
    told = row(topic)
    contract = f"[{topic.schema}](../avro/{topic.schema}.avsc)" if topic.schema else "-"
    cells = (
        f"`{topic.name}`", topic.what.replace(EVERY_FEED, "a feed"), topic.key, contract,
        str(topic.partitions or "`SHIPSYNC_PARTITIONS`"), _kept(topic), topic.owner,
        "yes" if told["personal_data"] else "no",
    )
    return f"| {' | '.join(cells)} |"


def _kept(topic: Topic) -> str:
    if topic.cleanup is Cleanup.COMPACT:
        return "last of each key"
    return f"{round(topic.retention_ms / DAY_MS)} days"

"""``shipsync topics``: every declared topic; creates what is missing, says what differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from config import settings as configuration
from config.topics import Topic
from topologies import upfile

WAIT_SECONDS = 10.0


def command(
    create: Annotated[bool, typer.Option("--create", help="Create what is missing.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Compare with the cluster; exit 1 if they differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the table of docs/topics.md.")] = False,
) -> None:
    """List the declared topics: key, contract, partitions, cleanup, owner."""
    from topologies.stack import catalogue

    declared = catalogue()
    console = Console(soft_wrap=True, highlight=False)
    if create or check:
        _on_the_cluster(declared, console, create=create)
    elif as_json:
        typer.echo(json.dumps([row(topic) for topic in declared], indent=2))
    elif markdown:
        typer.echo(as_markdown(declared))
    else:
        table = Table("topic", "what", "key", "contract", "cleanup", "owner", title="Topics")
        for topic in declared:
            told = row(topic)
            table.add_row(*(str(told[name] or "-") for name in ("name", "what", "key", "schema", "cleanup", "owner")))
        Console(highlight=False).print(table)


def _on_the_cluster(declared: Sequence[Topic], console: Console, *, create: bool) -> None:
    from connectors.topic_admin import TopicAdmin

    admin = TopicAdmin(upfile.resolve(configuration.load()))
    admin.wait(WAIT_SECONDS)
    if create:
        for name in admin.create(declared):
            console.print(f"created {name}")
    found = admin.differences(declared)
    for difference in found:
        console.print(difference, markup=False)
    if found:
        raise typer.Exit(1)
    console.print(f"{len(declared)} topics are as declared")


def row(topic: Topic) -> dict[str, Any]:
    """One topic as plain data."""
    return {
        "name": topic.name, "what": topic.what, "key": topic.key, "schema": topic.schema,
        "partitions": topic.partitions, "cleanup": topic.cleanup.value,
        "retention_days": round(topic.retention_ms / 86_400_000), "owner": topic.owner,
        "personal_data": topic.personal_data, "lifecycle": topic.lifecycle.value,
    }


def as_markdown(declared: Sequence[Topic]) -> str:
    """The table of ``docs/topics.md``; raw topics stand as one row."""
    lines = [
        "| topic | what | key | contract | cleanup | owner | personal data |",
        "|---|---|---|---|---|---|---|",
    ]
    shown = [topic for topic in declared if not topic.name.startswith("raw.")]
    raw = next((topic for topic in declared if topic.name.startswith("raw.")), None)
    if raw is not None:
        lines.append("| `raw.<feed>.v1` | What a feed sent, as received | none | - | delete | gateway | yes |")
    for topic in shown:
        contract = f"[{topic.schema}](../avro/{topic.schema}.avsc)" if topic.schema else "-"
        personal = "yes" if topic.personal_data else "no"
        lines.append(
            f"| `{topic.name}` | {topic.what} | {topic.key} | {contract} | {topic.cleanup.value} |"
            f" {topic.owner} | {personal} |"
        )
    return "\n".join(lines)

"""``shipsync state check|skip|repair``: records of a stage's state topic that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table, note
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import PlainConsole, echo, echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings
    from topologies.operations.changelog_repair import ChangelogRepair, Plan
    from topologies.runtime.state.changelog_record import Unreadable

Stage = Annotated[str, typer.Argument(help="The stage, such as shipments.", show_default=False)]
Partition = Annotated[int, typer.Argument(help="The partition of its state topic.", min=0, show_default=False)]
Offset = Annotated[int, typer.Argument(help="The offset of the record.", min=0, show_default=False)]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; without this, only show what would be written.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def check(stage: Stage, as_json: AsJson = False) -> None:
    """Read a stage's whole state topic; list what cannot be read. Exit 1 if there is such a record."""
    repairing = _repair(stage, current.stack_settings())
    found = _with_progress(repairing, lambda one, beat: one.unreadable(beat=beat))
    if as_json:
        echo_json([_plain(one) for one in found])
    else:
        table = Table(
            Column("partition", KEY, right=True), Column("offset", KEY, right=True), Column("key"),
            Column("why it cannot be read"), empty=f"Every record of {stage} can be read.",
        )
        for one in found:
            table.add(
                str(one.record.partition), str(one.record.offset), _text(one.record.key), one.reject.detail
            )
        table.show()
    if found and not as_json:
        note(f"shipsync state repair {stage} PARTITION OFFSET takes a key back to the record before.")
    if found:
        raise typer.Exit(ExitCode.FAILURE)


def skip(
    stage: Stage, partition: Partition, offset: Offset, apply: Apply = False, as_json: AsJson = False
) -> None:
    """Set an unreadable record aside as a dead letter and delete its key from the state."""
    _mend("skip", stage, partition, offset, apply=apply, as_json=as_json)


def repair(
    stage: Stage, partition: Partition, offset: Offset, apply: Apply = False, as_json: AsJson = False
) -> None:
    """Set an unreadable record aside as a dead letter and take its key back to the record before it."""
    _mend("repair", stage, partition, offset, apply=apply, as_json=as_json)


def _mend(remedy: str, stage: str, partition: int, offset: int, *, apply: bool, as_json: bool) -> None:
    from topologies.operations.changelog_repair import Remedy

    settings = current.stack_settings()
    repairing = _repair(stage, settings)
    plan = _with_progress(repairing, lambda one, beat: one.plan(Remedy(remedy), partition, offset, beat))
    if apply:
        repairing.apply(plan, command_actor(settings))
    if as_json:
        echo_json({**_plain_plan(plan), "written": apply})
        return
    echo(str(plan.unreadable))
    echo("The record goes to the dead letters as it is.")
    if plan.from_offset is None:
        echo("Its key is deleted: the stage then knows nothing of it.")
    else:
        echo(f"Its key goes back to the record at offset {plan.from_offset}; what came after that is lost.")
    echo("Written. Start the stage again." if apply else "Nothing is written yet: stop the stage, add --apply.")


def _repair(stage: str, settings: Settings) -> ChangelogRepair:
    from topologies.operations.changelog_repair import ChangelogRepair

    return ChangelogRepair(settings, stage)


def _with_progress(repairing: ChangelogRepair, work: Any) -> Any:
    from rich.progress import Progress

    errors = PlainConsole(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("reading")
        return work(repairing, lambda done, of: bar.update(task, completed=done, total=of))


def _plain(one: Unreadable) -> dict[str, Any]:
    record = one.record
    return {
        "topic": record.topic, "partition": record.partition, "offset": record.offset, "key": _text(record.key),
        "reason": one.reject.reason.value, "detail": one.reject.detail,
    }


def _plain_plan(plan: Plan) -> dict[str, Any]:
    return {**_plain(plan.unreadable), "remedy": plan.remedy.value, "taken_from_offset": plan.from_offset}


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "backslashreplace")

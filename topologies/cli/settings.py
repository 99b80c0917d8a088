"""``shipsync settings``: every setting with the value it has here; ``--markdown``: docs/settings.md."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, Column, Marked, Table
from topologies.operations.terminal import echo_json, echo_text

if TYPE_CHECKING:
    from config.settings import Setting, Settings

HIDDEN = "(set, not shown)"
HEAD = """# Settings

Settings are declared once, in [`config/settings.py`](../config/settings.py). Commands read them from the environment,
then from a file `.env` in the folder they run in. Durations are seconds, sizes bytes. `shipsync settings` shows the
values in force where you run it; `shipsync settings --markdown` prints this page.

A wrong value or an unknown `SHIPSYNC_*` name ends a command with exit code 78 before it does anything. All faults are
named at once, with the nearest known name; no value is repeated. A setting marked * may stand in a file that its name
with `_FILE` behind it names ([how](install.md#secrets)). On Kubernetes, set `enableServiceLinks: false`: for a Service
called `shipsync`, Kubernetes sets variables that begin with `SHIPSYNC_`.
"""


def command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/settings.md.")] = False,
) -> None:
    """List every setting: its variable, the value it has here, what it does. Secrets are not shown."""
    if markdown:
        echo_text(as_markdown())
        return
    from config.settings import SETTINGS

    settings = current.settings()
    values = {one.variable: shown(one, settings) for one in SETTINGS.values()}
    if as_json:
        echo_json(values)
        return
    table = Table(Column("setting", KEY), Column("value"), Column("what it does", 2))
    given = settings.given
    for one in SETTINGS.values():
        style = "bold" if one.name in given else ""
        table.add(one.variable, Marked(values[one.variable], style), one.info.description or "")
    table.show()


def shown(one: Setting, settings: Settings) -> str:
    """The value it has, as text; a secret one only says that it is set, a URL is without its credentials."""
    from config.masking import without_credentials

    if one.secret and one.name in settings.given:
        return HIDDEN
    text = as_text(settings.value(one.name))
    return without_credentials(text) if one.url else text


def as_text(value: object) -> str:
    """A value as it stands in the environment; empty where there is none."""
    from pydantic import SecretStr

    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None or (isinstance(value, SecretStr | Mapping) and not value) else str(value)


def as_markdown() -> str:
    """``docs/settings.md``: a table for each group."""
    from config.settings import GROUPS, SETTINGS, Settings

    defaults = Settings(_env_file=None, **{one.name: one.info.get_default(call_default_factory=True)
                                           for one in SETTINGS.values()})
    lines = [HEAD]
    for group, kind in GROUPS.items():
        lines += [f"## {kind.__doc__}".removesuffix("."), "", "| setting | default | what it does |", "|---|---|---|"]
        for one in SETTINGS.values():
            if one.group == group:
                default = as_text(defaults.value(one.name))
                what = (one.info.description or "").replace("<", "&lt;")
                mark = "*" if one.file_variable else ""
                lines.append(f"| `{one.variable}`{mark} | {f'`{default}`' if default else '-'} | {what} |")
        lines.append("")
    return "\n".join(lines).rstrip()

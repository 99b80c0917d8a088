"""Master data between files, the topic and the command line: read, compared, written."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from config import topics
from config.settings import Settings
from connectors.kafka.action_audits import of_master_record
from connectors.kafka.person_actions import Act, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import latest
from streams.contracts.audit import Actor
from streams.contracts.masterdata import master_key
from streams.contracts.model import MasterRecord
from streams.kernel.errors import Fatal
from streams.masterdata.rows import BETWEEN_ALIASES, COLUMNS, Fault, Rows, read_rows

PACKAGED = Path(__file__).parents[2] / "config" / "masterdata" / "carriers.csv"
"""Carriers that ERPs name and that have no feed here, by their SCAC (NMFTA, Standard Carrier Alpha Codes)."""


def read_file(path: Path, updated_at: int, updated_by: str) -> Rows:
    """Read a CSV file; an unknown column is a fault of line 1. Raises Fatal if the file is no CSV."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
            known = ", ".join(COLUMNS)
            heading = [Fault(1, name, f"there is no column {name!r}; there are {known}") for name in unknown]
            if "kind" not in (reader.fieldnames or ()):
                heading.append(Fault(1, "kind", f"the first line names the columns: {known}"))
            if heading:
                return Rows(faults=heading)
            return read_rows(_rows(reader), updated_at, updated_by)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Fatal(f"{path}: {error}") from error


def known(settings: Settings) -> dict[str, MasterRecord]:
    """The records there are, by key. Raises Transient."""
    return latest(settings, Registry(settings), topics.MASTER_DATA, MasterRecord)


def write(
    settings: Settings, records: Iterable[MasterRecord], actor: Actor, before: Mapping[str, MasterRecord]
) -> int:
    """Write the records and wait for the broker's acknowledgement of all; how many. ``before``: the records there are,
    by key. Raises Transient."""
    registry = Registry(settings)
    codec = ValueCodec(topics.MASTER_DATA, MasterRecord, registry)
    acts = []
    for record in records:
        key = master_key(record.kind, record.id)
        written = Record(topics.MASTER_DATA.name, key.encode(), codec.encode(record))
        acts.append(Act(of_master_record(actor, record, before.get(key)), [written]))
    return take(settings, acts, registry)


def export(records: Iterable[MasterRecord], out: TextIO) -> None:
    """Write records as the file :func:`read_file` reads, those taken back left out."""
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_row(record) for record in records if not record.withdrawn)


def as_row(record: MasterRecord) -> dict[str, str]:
    """A record as a row of text, empty columns among them."""
    row = {column: str(getattr(record, column)) for column in COLUMNS if column not in ("aliases", "valid_at")}
    at = record.valid_at
    return {
        **row, "kind": record.kind.value, "aliases": BETWEEN_ALIASES.join(record.aliases),
        "valid_at": "" if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(),
        "withdrawn": "yes" if record.withdrawn else "",
    }


def _rows(reader: csv.DictReader[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    for row in reader:
        yield reader.line_num, {name: text for name, text in row.items() if isinstance(text, str) and name is not None}

"""The tables of the read model, made of the rows of ``streams/read_model/rows.py``, and their indexes."""

from __future__ import annotations

import re
from typing import get_type_hints

from streams.kernel.vocabulary import Punctuality
from streams.read_model import rows
from streams.read_model.rows import KEYS, Row

VERSION = 13
"""Grows with each change of a table or of what a row holds: a file of another version is built anew."""
BETWEEN = "\x1f"
"""Stands between customers where several are one text: their numbers may hold blanks, but no control characters."""
AT_RISK = (Punctuality.AT_RISK, Punctuality.DELIVERED_LATE, Punctuality.NO_ESTIMATE)
"""Shipments that people look for, and that are few."""
_TYPES = {"str": "TEXT", "int": "INTEGER", "float": "REAL", "bytes": "BLOB", "int | None": "INTEGER"}
_KEYED_BY_NUMBER = frozenset({rows.Shipment})
"""Tables that others point into: their rows have a number, and say in ``links`` what points to them, as MessagePack."""
_BESIDE = """
CREATE TABLE about (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE places (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, behind INTEGER NOT NULL, id TEXT NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE handles (
    value TEXT NOT NULL, kind TEXT NOT NULL, shipment TEXT NOT NULL, PRIMARY KEY (value, kind, shipment)
) STRICT, WITHOUT ROWID;
CREATE INDEX handles_of ON handles (shipment);
CREATE TABLE shipment_customers (
    customer TEXT NOT NULL, updated_at INTEGER NOT NULL, shipment INTEGER NOT NULL, punctuality TEXT NOT NULL,
    PRIMARY KEY (customer, updated_at, shipment)
) STRICT, WITHOUT ROWID;
CREATE TABLE shipment_counts (
    carrier TEXT NOT NULL, status TEXT NOT NULL, punctuality TEXT NOT NULL, exception TEXT NOT NULL,
    number INTEGER NOT NULL, PRIMARY KEY (carrier, status, punctuality, exception)
) STRICT, WITHOUT ROWID;
CREATE TABLE tallies (
    measure TEXT NOT NULL, day INTEGER NOT NULL, carrier TEXT NOT NULL, bucket INTEGER NOT NULL,
    number INTEGER NOT NULL, PRIMARY KEY (measure, day, carrier, bucket)
) STRICT, WITHOUT ROWID;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY, what TEXT NOT NULL, key TEXT NOT NULL, customers TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
"""
_INDEXES = f"""
CREATE INDEX shipments_by_carrier ON shipments (carrier, updated_at, number);
CREATE INDEX shipments_by_status ON shipments (status, updated_at, number);
CREATE INDEX shipments_at_risk ON shipments (punctuality, updated_at, number)
    WHERE punctuality IN ({', '.join(f"'{one}'" for one in AT_RISK)});
CREATE INDEX shipments_with_exception ON shipments (exception, updated_at, number) WHERE exception <> 'none';
CREATE INDEX customer_words_by_order ON customer_words (order_id, told_at);
CREATE INDEX postings_of ON postings (shipment);
CREATE INDEX postings_by_delivery ON postings (delivery_id);
CREATE INDEX postings_by_order ON postings (order_id);
CREATE INDEX postings_newest ON postings (told_at);
CREATE INDEX delivery_records_of ON delivery_records (order_id);
CREATE INDEX delivery_records_newest ON delivery_records (at, delivery_id);
CREATE INDEX delivery_records_by_phase ON delivery_records (phase, at, delivery_id);
CREATE INDEX delivery_records_by_customer ON delivery_records (customer, at, delivery_id);
CREATE INDEX delivery_records_waiting ON delivery_records (waits_for, deadline) WHERE waits_for <> '';
CREATE INDEX booking_records_by_phase ON booking_records (phase, deadline);
CREATE INDEX booking_records_newest ON booking_records (at, delivery_id);
CREATE INDEX booking_records_of ON booking_records (order_id);
CREATE INDEX booking_records_mismatched ON booking_records (at, delivery_id) WHERE mismatched = 1;
CREATE INDEX booking_records_uncancelled ON booking_records (at, delivery_id) WHERE uncancelled = 1;
CREATE INDEX orders_newest ON orders (updated_at, order_id);
CREATE INDEX orders_by_customer ON orders (customer, updated_at, order_id);
CREATE INDEX alerts_pressing ON alerts (open, rank DESC, raised_at);
CREATE INDEX alerts_open ON alerts (open, kind, severity, raised_at) WHERE open = 1;
CREATE INDEX alerts_of ON alerts (shipment) WHERE shipment <> '';
CREATE INDEX alerts_newest ON alerts (changed_at);
CREATE INDEX alerts_resolved ON alerts (resolved_at, state, severity, raised_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX manual_decisions_of ON manual_decisions (shipment) WHERE shipment <> '';
CREATE INDEX manual_decisions_newest ON manual_decisions (at);
CREATE INDEX dead_letters_newest ON dead_letters (failed_at);
CREATE INDEX dead_letters_by_feed ON dead_letters (feed, failed_at);
CREATE INDEX actions_newest ON actions (at, action_id);
CREATE INDEX actions_of ON actions (shipment, at) WHERE shipment <> '';
CREATE INDEX actions_on ON actions (subject, at);
CREATE INDEX notifications_newest ON notifications (at, message_id);
CREATE INDEX notifications_pending ON notifications (at, message_id) WHERE pending = 1;
CREATE INDEX notifications_of ON notifications (shipment, at);
CREATE INDEX notifications_by_customer ON notifications (customer, at, message_id);
CREATE INDEX alert_messages_by ON alert_messages (told_by);
CREATE INDEX documents_newest ON documents (at, source_id);
CREATE INDEX documents_by_content ON documents (document_id) WHERE document_id <> '';
CREATE INDEX posting_outcomes_of ON posting_outcomes (posting_id);
CREATE INDEX notices_of ON posting_outcomes (delivery_id, at) WHERE notice = 1;
CREATE INDEX notices_newest ON posting_outcomes (pending, at) WHERE notice = 1;
CREATE INDEX references_waiting ON "references" (waiting_since) WHERE waiting > 0;
"""


def table_of(row: type[Row]) -> str:
    """The table's name: ``CustomerWord`` lies in ``customer_words``."""
    return re.sub("(?<!^)(?=[A-Z])", "_", row.__name__).lower() + "s"


def key_columns(row: type[Row]) -> tuple[str, ...]:
    """The columns that name a row."""
    return row._fields[:KEYS[row]]


def script() -> str:
    """Everything of a new file, as SQL."""
    return "\n".join([_BESIDE, *map(_table, KEYS), _INDEXES, f"PRAGMA user_version = {VERSION};"])


def upsert(row: type[Row]) -> str:
    """The statement that puts a row in the place of the one with its key. The earlier ``told_at`` of both stays."""
    columns, keys = row._fields, key_columns(row)
    changed = ", ".join(
        f"{one} = min({one}, excluded.{one})" if one == "told_at" else f"{one} = excluded.{one}"
        for one in columns if one not in keys
    )
    return (
        f'INSERT INTO "{table_of(row)}" ({", ".join(columns)}) VALUES ({", ".join("?" * len(columns))})'
        f' ON CONFLICT ({", ".join(keys)}) DO UPDATE SET {changed}'
    )


def _table(row: type[Row]) -> str:
    hints = get_type_hints(row)
    columns = [_column(name, str(getattr(hints[name], "__name__", hints[name]))) for name in row._fields]
    keys = ", ".join(key_columns(row))
    if row in _KEYED_BY_NUMBER:
        columns = ["number INTEGER PRIMARY KEY", *columns, "links BLOB NOT NULL"]
        return f'CREATE TABLE "{table_of(row)}" ({", ".join(columns)}, UNIQUE ({keys})) STRICT;'
    flat = "" if "doc" in row._fields else ", WITHOUT ROWID"
    return f'CREATE TABLE "{table_of(row)}" ({", ".join(columns)}, PRIMARY KEY ({keys})) STRICT{flat};'


def _column(name: str, hint: str) -> str:
    kind = _TYPES["int | None" if "None" in hint else hint]
    return f"{name} {kind}{'' if 'None' in hint else ' NOT NULL'}"

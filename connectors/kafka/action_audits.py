"""The audit records of actions that come in by several ways."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.kafka.person_actions import audited
from streams.contracts.audit import Actor, AuditAction, details_of
from streams.contracts.masterdata import master_key
from streams.contracts.model import AlertAction, DeadLetter, FeedPause, MasterRecord
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.vocabulary import MasterKind

_SAID_ELSEWHERE = frozenset({"kind", "id", "updated_at", "updated_by", "valid_at"})


def of_alert(actor: Actor, action: AlertAction) -> AuditAction:
    """Somebody acts on an alert."""
    return audited(
        actor, action.at, f"alert.{action.action.value}", SubjectKind.ALERT, action.alert_id, reason=action.note,
        details=details_of({"until": _time(action.until), "owner": action.owner}),
    )


def of_master_record(actor: Actor, record: MasterRecord, before: MasterRecord | None) -> AuditAction:
    """Somebody enters a record of master data, changes it or takes it back; of a reference: says whose it is."""
    details = details_of(_fields(record), {} if before is None else _fields(before))
    if record.kind is MasterKind.REFERENCE:
        kind, subject, done = SubjectKind.REFERENCE, record.id, ("reference.resolve", "reference.withdraw")
    else:
        key = master_key(record.kind, record.id)
        kind, subject, done = SubjectKind.MASTER_DATA, key, ("master_data.enter", "master_data.withdraw")
    return audited(actor, record.updated_at, done[record.withdrawn], kind, subject, details=details)


def of_feed(actor: Actor, pause: FeedPause) -> AuditAction:
    """Somebody pauses or resumes a feed."""
    return audited(
        actor, pause.changed_at, "feed.pause" if pause.paused else "feed.resume", SubjectKind.FEED, pause.feed,
        reason=pause.why, details=details_of({"unlimited_until": _time(pause.unlimited_until)}),
    )


def of_dead_letter(actor: Actor, letter: DeadLetter, at: int, reason: str) -> AuditAction:
    """Somebody replays a dead letter. ``at``: UTC ms."""
    return audited(
        actor, at, "dead_letter.replay", SubjectKind.DEAD_LETTER, letter.place, reason=reason,
        details=details_of({"feed": letter.feed, "refused_as": letter.reason}),
    )


def _fields(record: MasterRecord) -> dict[str, object]:
    """The fields of the record, and the shipments it names as keys."""
    said: dict[str, object] = {
        name: getattr(record, name) for name in record.__struct_fields__ if name not in _SAID_ELSEWHERE
    }
    for name, carrier, number in (
        ("shipment", "carrier", "tracking_number"), ("of_shipment", "of_carrier", "of_tracking_number")
    ):
        owner, key = said.pop(carrier), said.pop(number)
        said[name] = f"{owner}:{key}" if key else ""
    if not said["withdrawn"]:
        del said["withdrawn"]
    return said


def _time(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z")

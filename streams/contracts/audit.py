"""The value of ``audit.actions``: one record for each action of a person or a program. Times are UTC milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field

from streams.kernel.audit_vocabulary import ActionChannel, ActionOutcome, ActorKind, SubjectKind


class Actor(NamedTuple):
    """Who acts, and by which way. ``role``: of somebody who signed in; empty for programs and commands."""

    name: str
    kind: ActorKind
    channel: ActionChannel
    role: str = ""


class ActionDetail(Struct, frozen=True, array_like=True):
    """A parameter of an action, or a value it changes; ``before``: None for what changes nothing, or had no value."""

    name: str
    value: str
    before: str | None = None


class AuditAction(Struct, frozen=True):
    """One action. ``subject``: the key of what it is about, within its kind. ``outcome``: the last record of an id
    counts; it is ``taken`` unless a later one says that it failed."""

    action_id: str
    at: int
    who: str
    actor: ActorKind
    role: str
    channel: ActionChannel
    action: str
    subject_kind: SubjectKind
    subject: str
    reason: str = ""
    details: list[ActionDetail] = field(default_factory=list)
    outcome: ActionOutcome = ActionOutcome.TAKEN

    @property
    def key(self) -> str:
        """``KIND:SUBJECT``, the record's key."""
        return f"{self.subject_kind.value}:{self.subject}"


def details_of(values: Mapping[str, object], before: Mapping[str, object] | None = None) -> list[ActionDetail]:
    """The details of an action: one for each value that it changes; those empty before and after are left out.

    ``before``: the values as they were, where known.
    """
    then = before or {}
    return [
        ActionDetail(name, _text(value), _text(then[name]) if then.get(name) not in _NOTHING else None)
        for name, value in values.items()
        if value != then.get(name) and (value not in _NOTHING or then.get(name) not in _NOTHING)
    ]


_NOTHING: tuple[object, ...] = (None, "", [])


def _text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

"""``config/fulfilment.yaml``: what each customer's deliveries wait for before they are posted, and how long."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from connectors.carrier_api.credentials import CalledCarrier
from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.yaml_text import CarrierFileError, Lines
from streams.documents.policy import Calls, Chasing
from streams.fulfilment.policy import (
    ConfirmOn,
    DispatchOn,
    Patience,
    PiecesNeeded,
    Policies,
    Policy,
    ProofNeeded,
    QuantityNeeded,
)
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import WaitKind

PACKAGED = Path(__file__).parents[2] / "config" / "fulfilment.yaml"
NEVER = "never"
MOST_CHASES = 10
_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_OWNER = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
_Field = tuple[str, ...]
_Choice = TypeVar("_Choice", DispatchOn, ConfirmOn, ProofNeeded, QuantityNeeded, PiecesNeeded)


class Waiting(Struct, frozen=True, forbid_unknown_fields=True):
    """Who sees to a wait, and how long it may take."""

    owner: str | UnsetType = UNSET
    deadline: str | UnsetType = UNSET


class Waits(Struct, frozen=True, forbid_unknown_fields=True, rename={"back": "return"}):
    """The waits by what is waited for."""

    proof: Waiting = Waiting()
    pieces: Waiting = Waiting()
    delivery: Waiting = Waiting()
    back: Waiting = Waiting()
    quantity: Waiting = Waiting()

    def each(self) -> Mapping[WaitKind, Waiting]:
        """The waits by kind."""
        return {
            WaitKind.PROOF: self.proof, WaitKind.PIECES: self.pieces, WaitKind.DELIVERY: self.delivery,
            WaitKind.RETURN: self.back, WaitKind.QUANTITY: self.quantity,
        }


class Declared(Struct, frozen=True, forbid_unknown_fields=True):
    """One policy; of a customer's, what is left out is as in the default."""

    dispatch: str | UnsetType = UNSET
    confirm: str | UnsetType = UNSET
    proof: str | UnsetType = UNSET
    grace: str | UnsetType = UNSET
    quantity: str | UnsetType = UNSET
    pieces: str | UnsetType = UNSET
    waits: Waits = Waits()
    chase: list[str] | UnsetType = UNSET


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """The file, field by field."""

    default: Declared = Declared()
    customers: dict[str, Declared] = {}


def load(path: Path | None = None) -> Policies:
    """The policies of a file, the packaged one by default. Raises Fatal, which names file, line, field and fix."""
    path = path or PACKAGED
    try:
        file, lines = yaml_text.load(path, File)
        default = _policy(file.default, Policy(), ("default",), lines)
        customers = {
            name: _policy(one, default, ("customers", name), lines) for name, one in file.customers.items()
        }
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"{path}: cannot be read: {error}") from error
    except CarrierFileError as error:
        raise Fatal(str(error)) from error
    return Policies(default, customers)


def _policy(one: Declared, beside: Policy, where: _Field, lines: Lines) -> Policy:
    """The policy; what it leaves out is as in ``beside``. Raises CarrierFileError."""
    found = Policy(
        beside.dispatch if one.dispatch is UNSET else _one_of(DispatchOn, one.dispatch, (*where, "dispatch"), lines),
        beside.confirm if one.confirm is UNSET else _one_of(ConfirmOn, one.confirm, (*where, "confirm"), lines),
        beside.proof if one.proof is UNSET else _one_of(ProofNeeded, one.proof, (*where, "proof"), lines),
        beside.grace_ms if one.grace is UNSET else _duration(one.grace, (*where, "grace"), lines),
        {
            kind: _patience(waiting, beside.patience(kind), (*where, "waits", kind.value), lines)
            for kind, waiting in one.waits.each().items()
        },
        beside.chase_ms if one.chase is UNSET else _schedule(one.chase, (*where, "chase"), lines),
        beside.quantity if one.quantity is UNSET
        else _one_of(QuantityNeeded, one.quantity, (*where, "quantity"), lines),
        beside.pieces if one.pieces is UNSET else _one_of(PiecesNeeded, one.pieces, (*where, "pieces"), lines),
    )
    if found.proof is ProofNeeded.NONE and one.grace is not UNSET and found.grace_ms is not None:
        raise lines.error((*where, "grace"), "no proof is waited for; take it out, or set proof: any")
    if found.proof is not ProofNeeded.NONE and found.grace_ms is None:
        _ends(found, WaitKind.PROOF, "give a deadline, such as 5d, or a grace", where, lines)
    if found.quantity is QuantityNeeded.MATCH:
        _ends(found, WaitKind.QUANTITY, "give a deadline, such as 5d", where, lines)
    if found.confirm is ConfirmOn.ALL or found.pieces is PiecesNeeded.COMPLETE:
        _ends(found, WaitKind.PIECES, "give a deadline, such as 5d", where, lines)
    return found


def chasing(policies: Policies) -> Chasing:
    """When the documents of whose deliveries are asked for again: of those alone whose confirmation needs a proof."""
    return Chasing(_chase_of(policies.default), {name: _chase_of(one) for name, one in policies.customers.items()})


def calls(policies: Policies, carriers: Sequence[CalledCarrier]) -> Calls:
    """Which carriers' APIs are asked for documents: at once for deliveries that are confirmed with a document only."""
    def feed_of(carrier: str, tracking_number: str) -> str | None:
        return next(
            (one.feed for one in carriers if one.slug == carrier and one.plan.is_for(tracking_number)), None
        )

    document = ProofNeeded.DOCUMENT
    return Calls(
        feed_of, policies.default.proof is document,
        {name: one.proof is document for name, one in policies.customers.items()},
    )


def _chase_of(policy: Policy) -> tuple[int, ...]:
    return () if policy.proof is ProofNeeded.NONE else policy.chase_ms


def _schedule(times: list[str], where: _Field, lines: Lines) -> tuple[int, ...]:
    found = tuple(_duration(text, (*where, str(place)), lines) or 0 for place, text in enumerate(times))
    if 0 in found or list(found) != sorted(set(found)) or len(found) > MOST_CHASES:
        raise lines.error(where, f"give at most {MOST_CHASES} durations after the delivery, each longer: [1d, 2d, 4d]")
    return found


def _ends(policy: Policy, kind: WaitKind, remedy: str, where: _Field, lines: Lines) -> None:
    if policy.patience(kind).deadline_ms is None:
        raise lines.error(
            (*where, "waits", kind.value, "deadline"), f"a confirmation would wait and nobody hear of it; {remedy}"
        )


def _patience(one: Waiting, beside: Patience, where: _Field, lines: Lines) -> Patience:
    owner = beside.owner if one.owner is UNSET else one.owner
    if not _OWNER.fullmatch(owner):
        raise lines.error((*where, "owner"), "name a person or a group, in at most 80 characters")
    deadline = beside.deadline_ms if one.deadline is UNSET else _duration(one.deadline, (*where, "deadline"), lines)
    return Patience(owner, deadline)


def _one_of(kind: type[_Choice], text: str, where: _Field, lines: Lines) -> _Choice:
    try:
        return kind(text)
    except ValueError:
        raise lines.error(where, f"{text!r} is not known; use one of {', '.join(one.value for one in kind)}") from None


def _duration(text: str, where: _Field, lines: Lines) -> int | None:
    if text == NEVER:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise lines.error(where, f"{text!r} is no duration; write 90s, 15m, 2h, 3d or {NEVER}")
    return int(found[1]) * _UNITS_MS[found[2]]

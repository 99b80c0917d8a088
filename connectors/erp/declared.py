"""``config/erp.yaml``: the ERPs that are posted to, and how each is reached. Every error names line, field and fix."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from msgspec import Struct

from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.yaml_text import CarrierFileError, Lines
from streams.kernel.errors import Fatal
from streams.kernel.notice_vocabulary import END_OF, NoticeKind
from streams.kernel.vocabulary import ExceptionType

PACKAGED = Path(__file__).parents[2] / "config" / "erp.yaml"
KINDS = ("tryton", "rest")
INVOICE_AFTER = ("confirmation", "proof")
MOST_AT_ONCE = 64
NOTICES = frozenset(NoticeKind) - {NoticeKind.UNKNOWN}
EXCEPTIONS = tuple(one for one in ExceptionType if one is not ExceptionType.NONE)
BY_DEFAULT = frozenset(EXCEPTIONS) - {
    ExceptionType.DELAY, ExceptionType.MISROUTE, ExceptionType.EQUIPMENT_CAPACITY, ExceptionType.DATA_QUALITY,
    ExceptionType.OTHER,
}
"""The exceptions that an ERP is told where it names none: of the goods, the consignee, money or papers. A late or
misrouted parcel, and what a carrier does not explain, are followed where parcels are."""
Fault = Callable[..., CarrierFileError]
_EVERY = re.compile(r"([1-9]\d{0,5})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600}
_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Secret(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is: an environment variable, or a file. It is never in the list itself."""

    env: str | None = None
    file: str | None = None

    def read(self) -> str:
        """The secret. Raises Fatal where it is not there; the text never shows it."""
        if self.env is not None:
            if not (found := os.environ.get(self.env)):
                raise Fatal(f"the environment variable {self.env} is not set: it is to hold an ERP's secret")
            return found
        try:
            found = Path(self.file or "").read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Fatal(f"{self.file}: an ERP's secret cannot be read ({type(error).__name__})") from None
        if not found:
            raise Fatal(f"{self.file}: is empty; it is to hold an ERP's secret")
        return found


class OrdersDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """That orders are read from an ERP. ``every``: a number and s, m or h."""

    every: str = "1m"

    @property
    def seconds(self) -> int:
        """The time between two rounds; 0 where it is none."""
        found = _EVERY.fullmatch(self.every)
        return 0 if found is None else int(found[1]) * _SECONDS[found[2]]


class Declared(Struct, frozen=True, forbid_unknown_fields=True):
    """One ERP. ``secrets``: by the name its kind of sign-in gives them (tryton: ``password``). ``at_once``: postings
    under way at most, per sender; ``timeout``: seconds one request may take, by default as the declaration says, or 30;
    ``settle``: seconds after which the ERP is done with a request whose answer was lost. ``dry_run``: shadow mode: what
    would be posted is noted, nothing is sent. Of tryton: ``database``, ``language``, ``invoice_after``
    (``confirmation`` or ``proof``), ``package_type``. Of rest: ``declaration``, and ``values`` it uses. ``orders``:
    read orders from it too. ``notices``: the notices it is told, none by default; each with its end. ``exceptions``:
    those it is told of, where it is told any."""

    name: str
    kind: str
    address: str = ""
    user: str = ""
    secrets: Mapping[str, Secret] = {}
    at_once: int = 4
    timeout: float | None = None
    settle: float = 60.0
    dry_run: bool = False
    database: str = ""
    language: str = "en"
    invoice_after: str = "confirmation"
    package_type: str = ""
    declaration: str = ""
    values: Mapping[str, str] = {}
    orders: OrdersDeclared | None = None
    notices: list[str] = []
    exceptions: list[str] | None = None

    @property
    def notice_kinds(self) -> frozenset[NoticeKind]:
        """The notices it is told: what it names, and what ends that."""
        return frozenset(
            kind for begins, ends in END_OF.items() for kind in (begins, ends) if {begins, ends} & set(self.notices)
        )


    @property
    def exceptions_told(self) -> frozenset[ExceptionType]:
        """The exceptions that its notices are of."""
        return BY_DEFAULT if self.exceptions is None else frozenset(map(ExceptionType, self.exceptions))


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """The file, field by field."""

    erps: list[Declared] = []


def load(path: Path | None = None) -> list[Declared]:
    """The ERPs of a file, by default of the packaged one, which has none. Raises Fatal, which names file, line, field
    and fix."""
    path = path or PACKAGED
    try:
        file, lines = yaml_text.load(path, File)
        for number, one in enumerate(file.erps):
            _check(one, str(number), [other.name for other in file.erps[:number]], lines)
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"{path}: cannot be read: {error}") from error
    except CarrierFileError as error:
        raise Fatal(str(error)) from error
    return list(file.erps)


def _check(one: Declared, number: str, before: list[str], lines: Lines) -> None:
    def fault(problem: str, *field: str) -> CarrierFileError:
        return lines.error(("erps", number, *field), problem)

    if not _NAME.fullmatch(one.name):
        raise fault("use lower-case letters, digits and dashes, such as main or tryton-de", "name")
    if one.name in before:
        raise fault("another ERP has this name; give each its own", "name")
    if one.kind not in KINDS:
        raise fault(f"use one of {', '.join(KINDS)}", "kind")
    if not 1 <= one.at_once <= MOST_AT_ONCE:
        raise fault(f"use a number from 1 to {MOST_AT_ONCE}", "at_once")
    if one.timeout is not None and not 0 < one.timeout <= 600:
        raise fault("use seconds, more than 0 and at most 600", "timeout")
    if not 0 <= one.settle <= 3600:
        raise fault("use seconds, from 0 to 3600", "settle")
    for name, secret in one.secrets.items():
        if (secret.env is None) is (secret.file is None):
            raise fault("name either an environment variable (env) or a file (file)", "secrets", name)
        if secret.env is not None and not _VARIABLE.fullmatch(secret.env):
            raise fault("that is no name of an environment variable; the secret itself may not stand here", "secrets",
                        name, "env")
    if one.orders is not None and not one.orders.seconds:
        raise fault("use a number and s, m or h, such as 1m", "orders", "every")
    for place, named in enumerate(one.notices):
        if named not in NOTICES:
            raise fault(f"use some of {', '.join(END_OF)}", "notices", str(place))
    _check_exceptions(one, fault)
    if one.kind == "tryton":
        _check_tryton(one, fault)
    elif not one.declaration:
        raise fault("name the declaration to use: a packaged one, or a file", "declaration")


def _check_exceptions(one: Declared, fault: Fault) -> None:
    if one.exceptions is None:
        return
    if NoticeKind.EXCEPTION_OPENED not in one.notice_kinds:
        raise fault("its notices are of no exceptions; add exception_opened to notices, or take it out", "exceptions")
    if not one.exceptions:
        raise fault("name at least one, or take exception_opened out of notices", "exceptions")
    for place, named in enumerate(one.exceptions):
        if named not in EXCEPTIONS:
            near = get_close_matches(named, EXCEPTIONS, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise fault(f"{meant}use some of {', '.join(EXCEPTIONS)}", "exceptions", str(place))


def _check_tryton(one: Declared, fault: Fault) -> None:
    if not one.address.startswith(("http://", "https://")):
        raise fault("use the server's address, such as https://tryton.example.com/", "address")
    for field in ("database", "user"):
        if not getattr(one, field):
            raise fault("a tryton needs it; add it", field)
    if "password" not in one.secrets:
        raise fault("a tryton needs the user's password: password: {env: NAME} or {file: PATH}", "secrets")
    if one.invoice_after not in INVOICE_AFTER:
        raise fault(f"use one of {', '.join(INVOICE_AFTER)}", "invoice_after")

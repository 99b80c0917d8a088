"""Checks of a ``carrier.yaml`` beyond its schema; errors name line, field and fix."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from connectors.mapping.declared.schema import Document, Push, Specification, Statuses, TextMeaning
from connectors.mapping.declared.yaml_text import Lines
from connectors.mapping.documents.adapter import BY_LINE
from connectors.mapping.documents.location import line_parser
from connectors.mapping.values.event_times import ISO
from connectors.mapping.values.times import zone

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SIGNABLE = ("body", "timestamp", "method", "path", "secret")


def check_zone(name: str, lines: Lines, where: tuple[str, ...]) -> None:
    """Raise CarrierFileError if ``name`` is no IANA zone."""
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise lines.error(where, f"{name!r} is no IANA time zone, such as Europe/Berlin") from error


def check_rows(spec: Specification, lines: Lines) -> None:
    """Raise CarrierFileError if line-based formats and ``csv`` contradict each other."""
    by_line = [name for name in spec.formats if name in BY_LINE]
    if by_line and len(spec.formats) > 1:
        raise lines.error(("formats",), f"{by_line[0]} stands alone: give the other formats a feed of their own")
    if spec.csv is None:
        return
    if spec.formats != ["csv"]:
        raise lines.error(("csv",), "goes with formats [csv]")
    if spec.csv.widths and len(spec.csv.widths) != len(spec.csv.columns):
        raise lines.error(
            ("csv", "widths"), f"{len(spec.csv.widths)} widths for {len(spec.csv.columns)} columns; give one each"
        )
    try:
        "".encode(spec.csv.encoding)
    except LookupError as error:
        raise lines.error(("csv", "encoding"), f"Python knows no encoding {spec.csv.encoding!r}") from error


def check_push(push: Push, lines: Lines) -> None:
    """Raise CarrierFileError if a push could not be authenticated as declared."""
    if push.scheme in ("hmac", "digest", "token", "mtls") and not push.header:
        raise lines.error(("push", "header"), f"scheme {push.scheme} needs the name of a header")
    unknown = [
        name for name in _PLACEHOLDER.findall(push.signed) if name not in _SIGNABLE and not name.startswith("header.")
    ]
    if unknown or "{body}" not in push.signed:
        raise lines.error(("push", "signed"), f"holds {{body}}, and of others {', '.join(_SIGNABLE)}, header.<name>")
    if ("{timestamp}" in push.signed) != (push.timestamp_header is not None):
        raise lines.error(
            ("push", "timestamp_header"), "goes with {timestamp} in signed: a time that is not signed proves nothing"
        )
    if (push.scheme == "digest") != ("{secret}" in push.signed):
        raise lines.error(("push", "signed"), "{secret} goes with scheme digest, and that with {secret}")
    if push.replay_seconds <= 0:
        raise lines.error(("push", "replay_seconds"), "is a number of seconds above 0")
    if push.answer not in (200, 202):
        raise lines.error(("push", "answer"), f"is 200 or 202, not {push.answer}")


def check_texts(statuses: Statuses, lines: Lines, where: tuple[str, ...]) -> None:
    """Raise CarrierFileError if an entry of ``texts`` names no words, or an earlier one leaves it nothing."""
    before: list[TextMeaning] = []
    for number, text in enumerate(statuses.texts):
        at = (*where, str(number))
        if not (text.starts or text.contains):
            raise lines.error(at, "give starts, the words a text begins with, or contains")
        shadow = next((one for one in before if _leaves_nothing(one, text)), None)
        if shadow is not None:
            raise lines.error(
                at, f"is never reached: {shadow.starts or shadow.contains!r} stands before it and fits all its texts; "
                "move it up",
            )
        before.append(text)


def _leaves_nothing(earlier: TextMeaning, later: TextMeaning) -> bool:
    """True where every text of ``later`` is one of ``earlier``; with ``contains``, only the plain case is seen."""
    if earlier.contains or earlier.code not in (None, later.code):
        return False
    return bool(earlier.starts) and later.starts.casefold().startswith(earlier.starts.casefold())


def check_times(document: Document, lines: Lines, where: tuple[str, ...]) -> None:
    """Raise CarrierFileError if a time or estimate has not exactly one form, or an invalid zone or pattern."""
    for name, times in (("time", document.time), ("eta", document.eta)):
        of = [((*where, name, str(number)), time) for number, time in enumerate(times)]
        of += [((*at, "begins"), time.begins) for at, time in of if time.begins is not None]
        for at, time in of:
            if time.begins is not None and (name == "time" or at[-1] == "begins"):
                raise lines.error((*at, "begins"), "goes with an entry of eta")
            ways = (time.stamp, time.epoch, time.utc, time.local, time.received)
            told = sum(way is not None for way in ways) - (time.utc is not None and time.local is not None)
            if told != 1:
                raise lines.error(at, "give exactly one of stamp, epoch, utc and local")
            if time.zone is not None:
                check_zone(time.zone, lines, (*at, "zone"))
            for pattern in [time.pattern] if isinstance(time.pattern, str) else time.pattern or []:
                _check_pattern(pattern, lines, (*at, "pattern"))


def _check_pattern(pattern: str, lines: Lines, where: tuple[str, ...]) -> None:
    try:
        datetime.strptime("", pattern)  # noqa: DTZ007
    except ValueError as error:
        if "does not match" not in str(error) and pattern != ISO:
            raise lines.error(where, f"{pattern!r} is no strptime pattern: {error}") from error


def check_places(document: Document, lines: Lines, where: tuple[str, ...]) -> None:
    """Raise CarrierFileError if a document's ``place`` or ``zone_by`` is invalid."""
    if document.place is not None:
        field = "parts" if document.place.pattern is None else "pattern"
        try:
            line_parser(document.place)
        except ValueError as error:
            raise lines.error((*where, "place", field), str(error)) from error
    ways = [("zone_by", number, way) for number, way in enumerate(document.zone_by)]
    ways += [("eta_zone_by", number, way) for number, way in enumerate(document.eta_zone_by)]
    for name, number, way in ways:
        at = (*where, name, str(number))
        if way.by is None and way.table != "place":
            raise lines.error(at, "give by, the path of a field, or table: place")
        for key, zone_name in way.zones.items():
            check_zone(zone_name, lines, (*at, "zones", key))

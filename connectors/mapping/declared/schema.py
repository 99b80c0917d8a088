"""What ``carrier.yaml`` may say. Every field is checked on load; the folders of ``connectors/carriers/`` are
the examples.

A *path* starts with a level (``message``, or a name given under ``each``) and goes down by keys; ``key[0]`` is the
first element of a list. Where a list of paths stands, the first that has a value counts. Two texts joined by `` + ``
are one, with nothing between them; it is there when both are.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from connectors.mapping.declared.poll_plan import Poll
from streams.kernel.carrier_errors import ErrorKind
from streams.kernel.vocabulary import Classifier, ExceptionType, Milestone, Reason, RejectReason

Paths = str | list[str]


class Cadence(Struct, frozen=True, forbid_unknown_fields=True):
    """How often the feed usually speaks, and after how long a silence it is stale: ``90s``, ``15m``, ``2h``."""

    expect_every: str
    stale_after: str


class Meaning(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a carrier's code says. ``name``: the code in the standard's words, where the carrier sends none."""

    milestone: Milestone
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.NORMAL
    classifier: Classifier = Classifier.ACTUAL
    name: str = ""


class TextMeaning(Struct, frozen=True, forbid_unknown_fields=True):
    """What a text that begins so says; with ``code``, only under that code."""

    starts: str
    milestone: Milestone
    code: str | None = None
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.NORMAL
    classifier: Classifier = Classifier.ACTUAL


class Cause(Struct, frozen=True, forbid_unknown_fields=True):
    """What a carrier's reason code says. ``milestone`` takes the place of a mere ``in_transit``."""

    reason: Reason
    exception: ExceptionType = ExceptionType.NONE
    milestone: Milestone | None = None


class Statuses(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of codes. ``X:*`` is what type X means under a code that is not listed."""

    source: str
    codes: dict[str, Milestone | Meaning] = field(default_factory=dict)
    texts: list[TextMeaning] = field(default_factory=list)
    reasons: dict[str, Reason | Cause] = field(default_factory=dict)


class ZoneBy(Struct, frozen=True, forbid_unknown_fields=True):
    """A zone looked up by a field of the scan: in ``tables/zones.yaml`` by country or region, in the UN/LOCODE list,
    or in ``zones`` right here. ``table: place``: by the scan's place, as ``place`` reads it, its UN/LOCODE, its country
    and, where the clocks of that differ, its region; with ``by``, by the place in that text, a ``line`` too.
    """

    by: str | None = None
    table: Literal["countries", "regions", "unlocodes", "place"] | None = None
    zones: dict[str, str] = field(default_factory=dict)


class Time(Struct, frozen=True, forbid_unknown_fields=True):
    """One way a time is told; exactly one of ``stamp``, ``epoch``, ``utc``, ``local`` and ``received``.

    ``received: true``: the carrier tells none. The event happened at the latest when it was received, is flagged, and
    is the same however often its message is sent again.

    ``stamp``: date and time in one field. ``epoch``: a number of seconds, ms or us since 1970, .NET ticks, or
    ``/Date(...)/``, told apart by magnitude. ``utc``, ``local``: date field and time field; beside ``utc``,
    ``local`` only tells the offset; ``offset`` is the field with the offset of ``stamp`` or ``local``.
    ``zone``: that of a stamp's clocks, where the carrier states it and so need not be assumed.
    ``pattern``: how the stamp or the date is written (strptime), where it is not ISO 8601; of several the first
    that fits, ``iso`` among them for ISO 8601.
    ``bare_midnight: date``: 00:00:00 without an offset is how this carrier writes a date without a time;
    ``midnight: date``: with an offset too, which then tells nothing.
    """

    stamp: str | None = None
    received: bool | None = None
    epoch: str | None = None
    utc: list[str] | None = None
    local: list[str] | None = None
    offset: str | None = None
    zone: str | None = None
    pattern: Paths | None = None
    bare_midnight: Literal["time", "date"] = "time"
    midnight: Literal["time", "date"] = "time"


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the parts of the scan's location stand. ``line``: a text with several of them, comma by comma, in
    the order ``parts`` names; where it has fewer, those on the right are left out (a country at its end stays one), or
    those on the left with ``parts_from: right``. ``pattern``, in place of these: a regular expression whose named
    groups are the parts; a text it does not fit is the name."""

    name: Paths | None = None
    city: Paths | None = None
    region: Paths | None = None
    postal_code: Paths | None = None
    country: Paths | None = None
    unlocode: Paths | None = None
    line: str | None = None
    parts: str = "city, region, country"
    parts_from: Literal["left", "right"] = "left"
    pattern: str | None = None


class Delivery(Struct, frozen=True, forbid_unknown_fields=True):
    """Proof of delivery; goes onto delivered events and those about the proof itself. ``unsigned``: what stands there
    when nobody signed."""

    signed_by: Paths | None = None
    left_at: Paths | None = None
    document_url: Paths | None = None
    unsigned: list[str] = field(default_factory=list)


class OtherCarrier(Struct, frozen=True, forbid_unknown_fields=True):
    """A field with another carrier's name, and the slugs of the names that stand there. ``pattern``: a
    regular expression whose group that matches is the name, where the field holds more than it. ``otherwise``: the
    slug where nothing stands there.
    """

    path: str
    pattern: str | None = None
    otherwise: str = "unknown"
    aliases: dict[str, str] = field(default_factory=dict)


class ReferenceFrom(Struct, frozen=True, forbid_unknown_fields=True):
    """Other numbers of the shipment: every ``value`` in ``each`` (without one, ``each`` itself).

    ``type`` is its type, unless ``types`` has one for the text at ``kind``. ``reads: gs1``: the value is a GS1 URN or
    Digital Link, whose own kind is the type unless ``types`` has one (``mapping/values/gs1.py``). ``carrier``:
    who goes on with the goods, where it is that carrier's tracking number.
    """

    each: str
    type: str
    value: str | None = None
    kind: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    reads: Literal["text", "gs1"] = "text"
    carrier: OtherCarrier | None = None


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """True where ``path`` has a value: any, or one of ``one_of``, whose texts are compared as written."""

    path: str
    one_of: list[str] = field(default_factory=list)


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """What is no tracking message, and how to say so. ``detail``: paths of the carrier's own words.

    A ``carrier_error`` is no dead letter but an outcome of its own: of the kind that ``kinds`` has for the first
    of those words that begins so, else ``kind``; ``number`` is the tracking number that was asked for.
    """

    when: str | Condition
    reason: RejectReason
    says: str = ""
    detail: list[str] = field(default_factory=list)
    kind: ErrorKind = ErrorKind.OTHER
    kinds: dict[str, ErrorKind] = field(default_factory=dict)
    number: str | None = None


class OwnCodes(Struct, frozen=True, forbid_unknown_fields=True):
    """An aggregator's field with the real carrier's own code: slug -> which of its tables reads it."""

    path: str
    tables: dict[str, str]


class ClassifiedBy(Struct, frozen=True, forbid_unknown_fields=True):
    """A field that tells whether the event has happened. Without an entry the status table's word holds."""

    path: str
    values: dict[str, Classifier]


class Csv(Struct, frozen=True, forbid_unknown_fields=True):
    """How a table of rows is written. Without ``columns`` its first row names them; with ``widths`` (characters
    of each column) it has no delimiter. A column's name is its field in the message, blanks as underscores.
    """

    delimiter: str = ","
    quote: str = '"'
    columns: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    encoding: str = "utf-8"


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """One shape of payload. ``each``: levels below the message, outermost first; the last is the scan.
    A path ending in ``[]`` is a list, one without an object, one ending in ``{}`` an object in a JSON text;
    several paths joined by `` + `` are one list after the other.

    The texts of the paths in ``code``, joined by a colon, are looked up in the table ``statuses``, which may be
    another carrier's: ``dhl/express``. ``always``
    is what every scan means where the document has neither code nor text. ``strip``: beginnings that are no part
    of a code. ``retracted``: the event is declared never to have happened, and takes back the one of the same facts.
    ``leg``: the part of the journey. ``event_id``: the carrier's own id of the scan; sent again with other facts, it
    replaces them.
    """

    name: str
    when: str | Condition
    tracking_number: Paths
    time: list[Time]
    statuses: str = ""
    always: Milestone | Meaning | None = None
    classifier: ClassifiedBy | None = None
    strip: list[str] = field(default_factory=list)
    retracted: str | Condition | None = None
    each: dict[str, str] = field(default_factory=dict)
    code: Paths = field(default_factory=list)
    text: Paths = field(default_factory=list)
    reason_code: str | None = None
    reason_text: str | None = None
    own_codes: OwnCodes | None = None
    place: Place | None = None
    zone_by: list[ZoneBy] = field(default_factory=list)
    eta: list[Time] = field(default_factory=list)
    delivery: Delivery | None = None
    piece: Paths | None = None
    leg: Paths | None = None
    event_id: Paths | None = None
    references: list[ReferenceFrom] = field(default_factory=list)


class X12(Struct, frozen=True, forbid_unknown_fields=True):
    """Transaction sets taken, and where this partner differs from the standard tables. ``acknowledge``: whether each
    functional group is answered with a 997.
    """

    sets: list[str]
    acknowledge: bool = True
    statuses: dict[str, Milestone | Meaning] = field(default_factory=dict)
    reasons: dict[str, Reason | Cause] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    carriers: dict[str, str] = field(default_factory=dict)


class Edifact(Struct, frozen=True, forbid_unknown_fields=True):
    """Messages taken, and where this partner differs from the standard tables. ``proof``: which RFF qualifiers hold a
    part of the proof of delivery. ``acknowledge``: whether each interchange is answered with a CONTRL.
    """

    messages: list[str]
    acknowledge: bool = True
    statuses: dict[str, Milestone | Meaning] = field(default_factory=dict)
    reasons: dict[str, Reason | Cause] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    carriers: dict[str, str] = field(default_factory=dict)
    texts: list[TextMeaning] = field(default_factory=list)
    proof: dict[str, Literal["signed_by", "left_at"]] = field(default_factory=dict)


class Push(Struct, frozen=True, forbid_unknown_fields=True):
    """How the carrier proves that a push is its own; the secrets are settings (``SHIPSYNC_PUSH_SECRETS``).

    ``hmac``: keyed digest in ``header``. ``digest``: plain digest, the secret is part of ``signed``. ``token``: the
    secret itself in ``header``. ``basic``: ``user:password``. ``mtls``: subject or fingerprint of the client's
    certificate, which a trusted proxy puts into ``header``. ``none``: the carrier proves nothing.

    ``signed``: what is digested, of ``{body}``, ``{timestamp}``, ``{method}``, ``{path}``, ``{secret}`` and
    ``{header.<name>}``. ``prefix`` stands before the digest or token; ``separator`` between several digests.
    ``secret_form``: ``nfkd`` normalises the secret so, ``base64`` decodes it (after ``whsec_``, where that is there).
    ``replay_seconds``: how far the time in ``timestamp_header`` (s, ms, ISO 8601 or RFC 5322) may be from ours.
    ``content_types``: further ones, beside those of the formats. ``answer``: the status a taken push is answered
    with, for carriers that take 200 alone for success.
    """

    scheme: Literal["hmac", "digest", "token", "basic", "mtls", "none"]
    source: str
    header: str = ""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    separator: str = ""
    signed: str = "{body}"
    secret_form: Literal["text", "nfkd", "base64"] = "text"
    timestamp_header: str | None = None
    replay_seconds: int = 300
    content_types: list[str] = field(default_factory=list)
    answer: int = 202


class CheckDigit(Struct, frozen=True, forbid_unknown_fields=True):
    """How numbers of one shape prove themselves. ``shape``: a regular expression with two groups, what the digit is
    made of and the digit; ``rule``: one of ``mapping/values/check_digits.py``.
    """

    shape: str
    rule: str
    source: str


class Specification(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole ``carrier.yaml``. ``xml_attributes``: XML attributes are fields too, ``@name`` of their element.
    ``check_digits``: how this carrier's tracking numbers prove themselves; one that does not is flagged. ``calendar``:
    that of ``config/holidays.yaml`` on whose days the feed need not speak. ``also``, ``scac``: other names and Standard
    Carrier Alpha Codes it goes by in orders and with aggregators.
    """

    feed: str
    name: str
    carrier: str | OtherCarrier
    formats: list[str]
    channel: str
    zone: str
    cadence: Cadence
    source: str
    check_digits: list[CheckDigit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    statuses: dict[str, Statuses] = field(default_factory=dict)
    x12: X12 | None = None
    edifact: Edifact | None = None
    poll: Poll | None = None
    xml_attributes: bool = False
    csv: Csv | None = None
    push: Push | None = None
    also: list[str] = field(default_factory=list)
    scac: list[str] = field(default_factory=list)
    calendar: str | None = None

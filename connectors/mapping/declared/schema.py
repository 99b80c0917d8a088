"""The schema of ``carrier.yaml``. Every field is checked on load; ``connectors/carriers/`` holds examples.

A *path* starts with a level (``message``, or a name defined under ``each``) followed by keys; ``key[0]`` is the first
element of a list. Of a list of paths, the first with a value applies. Two paths joined by `` + `` are concatenated
without a separator; the result is missing unless both are present.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from connectors.mapping.declared.check_digit import CheckDigit
from connectors.mapping.declared.document_call import DocumentCall
from connectors.mapping.declared.poll_plan import Poll
from connectors.mapping.declared.row_layouts import Csv as Csv
from connectors.mapping.declared.row_layouts import Picks as Picks
from streams.kernel.carrier_errors import ErrorKind
from streams.kernel.vocabulary import Classifier, ExceptionType, Milestone, Reason, RejectReason

Paths = str | list[str]


class Cadence(Struct, frozen=True, forbid_unknown_fields=True):
    """The usual interval between records of a feed, and the silence until it is stale: ``90s``, ``15m``, ``2h``."""

    expect_every: str
    stale_after: str


class Meaning(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The meaning of a status code. ``name``: the text of the event if the carrier sends none. ``doubtful``: a delivery
    that the code alone does not prove; it is told of as such, and the ERP hears of it once a person or a proof says so.
    """

    milestone: Milestone
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.NORMAL
    classifier: Classifier = Classifier.ACTUAL
    name: str = ""
    doubtful: bool = False


class TextMeaning(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The meaning of texts that begin with ``starts`` or hold ``contains``; with ``code``, only under that code, whose
    own entry it goes before. ``doubtful``: as of a code."""

    milestone: Milestone
    starts: str = ""
    contains: str = ""
    code: str | None = None
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.NORMAL
    classifier: Classifier = Classifier.ACTUAL
    doubtful: bool = False


class Cause(Struct, frozen=True, forbid_unknown_fields=True):
    """The meaning of a reason code. ``milestone`` replaces ``in_transit`` and ``delivery_attempted``, no other."""

    reason: Reason
    exception: ExceptionType = ExceptionType.NONE
    milestone: Milestone | None = None


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Codes of one meaning. With ``under``, each stands under each of these types: ``X:05``, ``I:05``."""

    codes: list[str]
    milestone: Milestone
    under: list[str] = field(default_factory=list)
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.NORMAL
    classifier: Classifier = Classifier.ACTUAL


class Statuses(Struct, frozen=True, forbid_unknown_fields=True):
    """A status table. ``X:*`` is the meaning of all unlisted codes of type X; ``codes`` goes over ``groups``.

    ``published``: the codes of the carrier's own list, as a list, or by type (``X: ["05", "08"]``); ``shipsync carrier
    check`` says how many of them the table maps.
    """

    source: str
    codes: dict[str, Milestone | Meaning] = field(default_factory=dict)
    texts: list[TextMeaning] = field(default_factory=list)
    reasons: dict[str, Reason | Cause] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    published: list[str] | dict[str, list[str]] = field(default_factory=list)


class ZoneBy(Struct, frozen=True, forbid_unknown_fields=True):
    """Looks up the zone by a field of the scan: in ``tables/zones.yaml`` by country or region, in the UN/LOCODE list,
    or in the ``zones`` given here (``K*``: what begins so). ``table: place``: by UN/LOCODE, country and (if that has
    several zones) region of the scan's ``place``; with ``by``, of the place in that text, which is parsed like a
    ``line``. Whatever the table, a field may hold the IANA name of the zone; ``table: zones``: it holds nothing else,
    and another text is flagged ``zone_unknown``.
    """

    by: str | None = None
    table: Literal["countries", "regions", "unlocodes", "place", "zones"] | None = None
    zones: dict[str, str] = field(default_factory=dict)


class Time(Struct, frozen=True, forbid_unknown_fields=True):
    """One form of a time; give exactly one of ``stamp``, ``epoch``, ``utc``, ``local`` and ``received``.

    ``received: true``: the carrier sends no time. The event takes the time of receipt and is flagged; its id does not
    depend on that time, so that a repeated message gives the same event.

    ``stamp``: date and time in one field. ``epoch``: a number of seconds, ms or us since 1970, .NET ticks, or
    ``/Date(...)/``, told apart by magnitude. ``utc``, ``local``: date field and time field; beside ``utc``,
    ``local`` gives only the offset; ``offset`` is the field with the offset of ``stamp`` or ``local``.
    ``zone``: the IANA zone of the stamp, if the carrier states it; the zone is then not assumed.
    ``clock``: how many digits the carrier writes, where numbers may have lost leading zeros (``94700``).
    ``pattern``: the strptime pattern of a stamp or date that is not ISO 8601; of several the first that fits, where
    ``iso`` stands for ISO 8601.
    ``bare_midnight: date``: 00:00:00 without an offset means a date without a time;
    ``midnight: date``: with an offset as well, and the offset is ignored.
    ``begins``, of an estimate alone: the beginning of the window that ends with it, in the same statement.
    """

    stamp: str | None = None
    received: bool | None = None
    epoch: str | None = None
    utc: list[str] | None = None
    local: list[str] | None = None
    offset: str | None = None
    zone: str | None = None
    clock: Literal["hhmm", "hhmmss"] | None = None
    pattern: Paths | None = None
    bare_midnight: Literal["time", "date"] = "time"
    midnight: Literal["time", "date"] = "time"
    begins: Time | None = None


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """Paths of the parts of a location. ``line``: a text of several parts, separated by commas, in the order of
    ``parts``; a shorter text lacks the parts on the right (except a country at its end), or with ``parts_from: right``
    those on the left. ``pattern`` replaces both: a regular expression whose named groups are the parts; a text that it
    does not match is the name."""

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
    """Proof of delivery, set on events of milestone delivered and POD received. ``document``: a file that the message
    carries, in base64; ``unsigned``: texts that mean no signature."""

    signed_by: Paths | None = None
    left_at: Paths | None = None
    document_url: Paths | None = None
    document: Paths | None = None
    unsigned: list[str] = field(default_factory=list)


class OtherCarrier(Struct, frozen=True, forbid_unknown_fields=True):
    """A field with the name of another carrier. ``aliases``: name -> slug; ``pattern``: a regular expression whose
    matching group is the name, for fields that hold more; ``otherwise``: the slug if the field is empty;
    ``none_of``: texts that name no carrier, as if the field were empty."""

    path: str
    pattern: str | None = None
    otherwise: str = "unknown"
    aliases: dict[str, str] = field(default_factory=dict)
    none_of: list[str] = field(default_factory=list)


class ReferenceFrom(Struct, frozen=True, forbid_unknown_fields=True):
    """Other numbers of the shipment: every ``value`` in ``each`` (without one, ``each`` itself).

    ``type`` is its type, unless ``types`` has one for the text at ``kind``. ``reads: gs1``: the value is a GS1 URN or
    Digital Link, whose own kind is the type unless ``types`` has one (``mapping/values/gs1.py``). ``carrier``:
    the carrier that issued the number, if it is the tracking number of a following carrier.
    """

    each: str
    type: str
    value: str | None = None
    kind: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    reads: Literal["text", "gs1"] = "text"
    carrier: OtherCarrier | None = None


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """True if ``path`` has a value, or one of the values ``one_of`` (compared exactly)."""

    path: str
    one_of: list[str] = field(default_factory=list)


class Refusal(Struct, frozen=True, forbid_unknown_fields=True):
    """A payload that is no tracking message, and the reject of it. ``detail``: paths of the carrier's own texts.

    ``reason: carrier_error`` gives a carrier error instead of a dead letter. Its kind is the entry of ``kinds`` with
    which one of those texts begins, else ``kind``; ``number``: path of the tracking number in the request.
    """

    when: str | Condition
    reason: RejectReason
    says: str = ""
    detail: list[str] = field(default_factory=list)
    kind: ErrorKind = ErrorKind.OTHER
    kinds: dict[str, ErrorKind] = field(default_factory=dict)
    number: str | None = None


class OwnCodes(Struct, frozen=True, forbid_unknown_fields=True):
    """An aggregator's field with the carrier's own code. ``tables``: carrier slug -> name of that carrier's table."""

    path: str
    tables: dict[str, str]


class ClassifiedBy(Struct, frozen=True, forbid_unknown_fields=True):
    """A field with the classifier of the event. Values without an entry keep the status table's classifier; with
    ``required``, a scan without the field is flagged ``classifier_missing``."""

    path: str
    values: dict[str, Classifier]
    required: bool = False


class CodeWay(Struct, frozen=True, forbid_unknown_fields=True):
    """A coarser code, looked up where the one before it is absent or unmapped; in the document's table, or another."""

    code: Paths
    statuses: str = ""


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """One shape of payload. ``each``: levels below the message, outermost first; the last is the scan.
    A path ending in ``[]`` is a list, one without an object, one ending in ``{}`` an object in a JSON text;
    several paths joined by `` + `` are one list after the other. Lists by name run side by side: ``scan: {no: "message.
    numbers[]", event: "message.events[]"}`` is read by ``scan.no`` and ``scan.event.code``; ``documents/side_by_side``.

    The texts of the paths in ``code``, joined by a colon, are looked up in the table ``statuses``, which may be another
    carrier's: ``dhl/express``. ``else_codes``: coarser codes to look up in turn where that one is absent or unmapped;
    the event is flagged ``code_fallback``. ``always`` is the meaning of every scan if the document has neither code nor
    text. ``strip``: prefixes that are removed from codes. ``retracted``: a scan that meets the condition retracts the
    event with the same facts. ``goes_back``: a shipment that meets the condition goes back to its sender, and is
    returned where its code says delivered. ``leg``: the part of the journey. ``event_id``: the carrier's id of the
    scan; a later scan with the same id replaces the earlier one. ``piece_count``: how many pieces the carrier says the
    shipment has. If that is more than one, the events of the lead number (a reference of type ``master_tracking``;
    without one, none) are of the piece of that number, and the shipment is delivered once so many pieces are, whichever
    of them says so. ``carrier_shipment_id``: the carrier's own id of the shipment, which divides a number that it uses
    again. ``leave_out``: scans that meet one of these conditions are no events (steps still to come).
    ``tracking_number``: ``asked`` among its paths stands for the number the poller asked for, also where the paths have
    none. ``eta_zone_by``: the zone of the place of delivery, for estimates without one; else that of the scan counts.
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
    goes_back: str | Condition | None = None
    each: dict[str, str | dict[str, str]] = field(default_factory=dict)
    code: Paths = field(default_factory=list)
    else_codes: list[CodeWay] = field(default_factory=list)
    leave_out: list[str | Condition] = field(default_factory=list)
    text: Paths = field(default_factory=list)
    reason_code: str | None = None
    reason_text: str | None = None
    own_codes: OwnCodes | None = None
    place: Place | None = None
    zone_by: list[ZoneBy] = field(default_factory=list)
    eta: list[Time] = field(default_factory=list)
    eta_zone_by: list[ZoneBy] = field(default_factory=list)
    delivery: Delivery | None = None
    piece: Paths | None = None
    piece_count: Paths | None = None
    carrier_shipment_id: Paths | None = None
    leg: Paths | None = None
    event_id: Paths | None = None
    references: list[ReferenceFrom] = field(default_factory=list)


class X12(Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted transaction sets, and this partner's entries over the standard tables. ``acknowledge``: whether each
    functional group is acknowledged with a 997. ``warehouse``: the ERP's code of the warehouse that the partner is: its
    945 confirm the ERP's deliveries. ``bookings``: its 990 and 210 answer and bill bookings of ours.
    """

    sets: list[str]
    acknowledge: bool = True
    statuses: dict[str, Milestone | Meaning] = field(default_factory=dict)
    reasons: dict[str, Reason | Cause] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    carriers: dict[str, str] = field(default_factory=dict)
    warehouse: str | None = None
    bookings: bool = False


class Edifact(Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted messages, and this partner's entries over the standard tables. ``proof``: RFF qualifiers that hold a
    part of the proof of delivery. ``acknowledge``: whether each interchange is acknowledged with a CONTRL.
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
    """How a push of the carrier is authenticated; the secrets are settings (``SHIPSYNC_PUSH_SECRETS``).

    ``hmac``: keyed digest in ``header``. ``digest``: plain digest, the secret is part of ``signed``. ``token``: the
    secret itself in ``header``. ``basic``: ``user:password``. ``mtls``: subject or fingerprint of the client's
    certificate, which a trusted proxy puts into ``header``. ``none``: no authentication.

    ``signed``: the digested text, made of ``{body}``, ``{timestamp}``, ``{method}``, ``{path}``, ``{secret}`` and
    ``{header.<name>}``. ``prefix`` precedes the digest or token; ``separator`` separates several digests.
    ``secret_form``: ``nfkd`` normalises the secret, ``base64`` decodes it (after an optional ``whsec_``).
    ``replay_seconds``: the largest difference of ``timestamp_header`` (s, ms, ISO 8601 or RFC 5322) from our clock.
    ``content_types``: accepted in addition to those of the formats. ``answer``: the HTTP status of an accepted push,
    for carriers to whom only 200 is success.
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


class LabelForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A form in which labels write this carrier's numbers. ``shape``: a regular expression of the whole normalised text
    with one group, the number; ``before`` is put before it.
    """

    shape: str
    source: str
    before: str = ""


class Specification(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole ``carrier.yaml``. ``xml_attributes``: XML attributes are fields too, ``@name`` of their element.
    ``check_digits``: schemes of this carrier's tracking numbers; a wrong digit is flagged. ``label_forms``: how labels
    write them, for events and orders alike. ``calendar``: that of ``config/holidays.yaml`` on whose days the feed may
    be silent. ``also``, ``scac``: other names and Standard Carrier Alpha Codes of the carrier in orders and at
    aggregators. ``document_hosts``: hosts that links to its documents may lead on to. ``document_call``: how
    its API is asked for a proof of delivery. ``picks``: the feed is a warehouse's table, in place of ``documents``."""

    feed: str
    name: str
    carrier: str | OtherCarrier
    formats: list[str]
    channel: str
    zone: str
    cadence: Cadence
    source: str
    check_digits: list[CheckDigit] = field(default_factory=list)
    label_forms: list[LabelForm] = field(default_factory=list)
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
    document_hosts: list[str] = field(default_factory=list)
    document_call: DocumentCall | None = None
    picks: Picks | None = None

"""The fields of a declaration of an ERP. The texts in it are compiled and checked in ``compiled.py``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.kernel.notice_vocabulary import END_OF
from streams.kernel.vocabulary import NoticeKind, PostingKind

Source = Annotated[str, Field(min_length=1)]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
NAME = r"^[a-z][a-z0-9_]*$"
Named = Annotated[str, Field(pattern=NAME)]


class Part(BaseModel):
    """A part of a declaration: no field beside those it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bearer(Part):
    """An API key after a scheme. Credentials: ``key``."""

    kind: Literal["bearer"]
    scheme: str = "Bearer"


class Basic(Part):
    """User and password. Credentials: ``username``, ``password``."""

    kind: Literal["basic"]


class KeyHeader(Part):
    """A header of its own. Credentials: those that ``value`` names."""

    kind: Literal["header"]
    header: Source
    value: Source = "{{ key }}"


class OAuth2(Part):
    """OAuth 2.0 client credentials. Credentials: ``client_id``, ``client_secret``. ``token_url``: whole, or a path at
    the ERP's address; may use ``values``."""

    kind: Literal["oauth2"]
    token_url: Source
    scope: str = ""
    client_in: Literal["header", "body"] = "body"


class OAuth1(Part):
    """OAuth 1.0 with HMAC-SHA256, signed request by request. Credentials: ``consumer_key``, ``consumer_secret``,
    ``token_id``, ``token_secret``. ``realm`` may use ``values``."""

    kind: Literal["oauth1"]
    realm: str = ""


Authentication = Annotated[Bearer | Basic | KeyHeader | OAuth2 | OAuth1, Field(discriminator="kind")]


class Csrf(Part):
    """A token that writing calls carry, fetched with a cookie session."""

    fetch: Source
    header: Source = "x-csrf-token"


class Answers(Part):
    """How answers read, by expressions on ``status``, ``headers`` and ``json``; a call may say otherwise."""

    success: Source = "status in (200, 201, 202, 204)"
    refused: Source = "status in (400, 404, 409, 422)"
    unauthorised: Source = "status in (401, 403)"
    reason: Source


class Check(Part):
    """A condition that has to hold after a call, or the posting is refused with these words."""

    that: Source
    otherwise: Source


class Call(Part):
    """One request. ``reads``: it changes nothing, which is assumed of GET. ``unless``: it is left out where that is
    so, as it was done before. ``repeatable``: why it does no harm done twice. ``if_match``: the ETag, from the answer
    of an earlier call."""

    name: Named
    method: Method = "GET"
    path: Source
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body: Any = None
    reads: bool | None = None
    unless: Source | None = None
    repeatable: str = ""
    if_match: Source | None = None
    success: Source | None = None
    refused: Source | None = None
    reason: Source | None = None
    checks: list[Check] = []

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET" if self.reads is None else not self.reads


class Lookup(Part):
    """How a posting is found that is in effect, whole; or ``none``: why none needs to be."""

    calls: list[Call] = []
    found: Source | None = None
    reference: Source | None = None
    none: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Lookup:
        if bool(self.calls) is bool(self.none):
            raise ValueError("needs either calls, found and reference, or none with the reason")
        if self.calls and (self.found is None or self.reference is None):
            raise ValueError("needs found and reference beside calls")
        if any(call.writes for call in self.calls):
            raise ValueError("has a call that writes; say `reads: true` of a POST that reads")
        return self


class Rule(Part):
    """How one posting is made: by calls, or ``by_hand``, with the words a person is told. ``lookup``: in place of the
    one for all postings."""

    calls: list[Call] = []
    reference: Source | None = None
    by_hand: str = ""
    lookup: Lookup | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Rule:
        if bool(self.calls) is bool(self.by_hand):
            raise ValueError("needs either calls or by_hand")
        if self.calls and self.reference is None:
            raise ValueError("needs reference: what the ERP calls the posting, such as a document number")
        return self


class KindRules(Part):
    """How postings of a kind are made, and how they are taken back."""

    post: Rule
    reverse: Rule


class Notices(Part):
    """How notices are written: a rule for each kind that the ERP can be told, and how one is looked up."""

    kinds: dict[NoticeKind, Rule] = Field(min_length=1)
    lookup: Lookup | None = None

    @model_validator(mode="after")
    def _in_pairs(self) -> Notices:
        if NoticeKind.UNKNOWN in self.kinds:
            raise ValueError("unknown is no kind of notice; take it out")
        for begins, ends in END_OF.items():
            if (begins in self.kinds) is not (ends in self.kinds):
                raise ValueError(f"{begins} and {ends} go together: say how both are written")
        return self


class Ignored(Part):
    """A kind of posting that this ERP is not told, and why."""

    kind: PostingKind
    because: Source


class Key(Part):
    """The header that carries the idempotency key in every writing call, where the ERP has one."""

    header: Source
    value: Source = "{{ posting.posting_id }}"


class OrderSource(Part):
    """One list of changes in the ERP. The first call is the page; it may use ``since`` (UTC ms), ``offset`` and
    ``limit``. ``more``: whether there is another page; ``next``: its address, where the ERP gives one. ``given``: names
    for what belongs to an item. ``stamp``: when an item was changed, UTC ms. ``order``: the document that the order
    webhook takes."""

    calls: list[Call] = Field(min_length=1)
    items: Source
    given: dict[Named, Source] = {}
    stamp: Source
    order: dict[str, Any]
    limit: int = Field(200, ge=1, le=10_000)
    more: Source | None = None
    next: Source | None = None
    overlap_s: int = Field(300, ge=0, le=86_400)
    begin: str = "1970-01-01T00:00:00Z"

    @model_validator(mode="after")
    def _reads(self) -> OrderSource:
        for call in self.calls:
            if call.writes:
                raise ValueError(f"the call {call.name!r} writes; say `reads: true` of a POST that reads")
        return self


class Declaration(Part):
    """One ERP. ``values``: what an installation sets, with its default; None has to be set. ``tested``: how far."""

    erp: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]*$")]
    name: Source
    source: Source
    tested: Source
    authentication: Authentication
    csrf: Csrf | None = None
    values: dict[Named, str | None] = {}
    headers: dict[str, str] = {}
    timeout_s: float = Field(30, gt=0, le=300)
    largest_bytes: int = Field(4_000_000, ge=1_000, le=64_000_000)
    answers: Answers
    idempotency: Key | None = None
    postings: dict[PostingKind, KindRules]
    ignored: list[Ignored] = []
    lookup: Lookup | None = None
    notices: Notices | None = None
    orders: dict[Named, OrderSource] = {}
    common: Any = None
    """For anchors that other fields refer to."""

    @model_validator(mode="after")
    def _every_kind(self) -> Declaration:
        left_out = {one.kind for one in self.ignored}
        twice = sorted(left_out & set(self.postings))
        missing = sorted(set(PostingKind) - left_out - set(self.postings))
        if twice:
            raise ValueError(f"{twice[0]} stands under postings and under ignored; keep one")
        if missing:
            raise ValueError(f"nothing is said of {', '.join(missing)}: put it under postings, or under ignored with a "
                             "reason")
        return self

"""An ERP by its declaration, behind the port."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import structs

from connectors.erp.documents import PostedDocuments
from connectors.erp.port import Answer, Encode, Ignored, OrderPage, Posted, Refused, Unknown
from connectors.erp.rest import running
from connectors.erp.rest.client import BadAddress, ErpClient, checked_address
from connectors.erp.rest.compiled import NOTICE_KEY, PROOF, Compiled, Rule, load
from connectors.erp.rest.credentials import CredentialsError, checked
from connectors.erp.rest.declaration import OAuth2
from connectors.erp.rest.expressions import Expression, NoValue
from connectors.erp.rest.loading import packaged
from connectors.erp.rest.orders import OrderPuller
from connectors.erp.rest.session import Session
from streams.contracts.model import ErpNotice, ErpPosting
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import NoticeKind, PostingKind

Clock = Callable[[], int]


class RestErp:
    """One ERP that a declaration describes. It is used from one event loop."""

    def __init__(
        self, compiled: Compiled, client: ErpClient, session: Session, values: Mapping[str, str],
        encode: Encode | None = None, documents: PostedDocuments | None = None,
    ) -> None:
        """Made by :func:`rest_erp`."""
        self._compiled, self._client, self._session, self._values = compiled, client, session, dict(values)
        self._documents = documents
        self._puller = None if encode is None else OrderPuller(compiled, session, client, self._values, encode)

    @property
    def ignored(self) -> Mapping[PostingKind, str]:
        """The kinds of postings this ERP is not told, with the reason."""
        return self._compiled.ignored

    @property
    def notices(self) -> frozenset[NoticeKind]:
        """The kinds of notices that the declaration says how to write."""
        return frozenset(self._compiled.notices)

    @property
    def has_orders(self) -> bool:
        """Whether orders can be read from it."""
        return bool(self._compiled.orders)

    async def post(self, posting: ErpPosting) -> Answer:
        """Write one posting; with ``reverses``, take that earlier one back. The answer to an ignored kind is
        Ignored, and no call is made."""
        if (because := self._compiled.ignored.get(posting.kind)) is not None:
            return Ignored(because)
        rule = self._compiled.rules[posting.kind, posting.reverses is not None]
        return await self._written(rule, self._context(posting))

    async def find(self, posting: ErpPosting) -> Posted | None:
        """Look up whether a posting is in effect, by its idempotency key. Raises Transient where that cannot be told
        now. Where the declaration says that nothing is to be looked up, nothing is found."""
        rule = self._compiled.rules.get((posting.kind, posting.reverses is not None))
        return await self._found(rule, self._context(posting))

    async def tell(self, notice: ErpNotice, key: str) -> Answer:
        """Write one notice. The answer to a kind that the declaration does not have is Ignored."""
        rule = self._compiled.notices.get(notice.kind)
        if rule is None:
            return Ignored(f"{self._compiled.path.name} does not say how to write {notice.kind.value}")
        return await self._written(rule, self._noticed(notice, key))

    async def told(self, notice: ErpNotice, key: str) -> Posted | None:
        """Look up whether a notice was written. Raises Transient where that cannot be told now."""
        return await self._found(self._compiled.notices.get(notice.kind), self._noticed(notice, key))

    async def _written(self, rule: Rule, context: Mapping[str, Any]) -> Answer:
        if rule.by_hand:
            return Refused(rule.by_hand)
        try:
            calls = await running.made(rule.requests, context, self._session, self._compiled)
        except running.Ended as ended:
            return self._told(ended.answer)
        try:
            return Posted(_reference(rule.reference, {**context, "calls": calls}))
        except NoValue as error:
            return Unknown(f"posted, but what the ERP calls it cannot be read: {error}")

    async def _found(self, rule: Rule | None, context: Mapping[str, Any]) -> Posted | None:
        lookup = None if rule is None else rule.lookup
        if lookup is None:
            return None
        try:
            calls = await running.made(lookup.requests, context, self._session, self._compiled)
            seen = {**context, "calls": calls}
            return Posted(_reference(lookup.reference, seen)) if lookup.found.holds(seen) else None
        except running.Ended as ended:
            raise Transient(_words(self._told(ended.answer))) from ended
        except NoValue as error:
            raise Transient(f"what the ERP has found cannot be read: {error}") from error

    async def orders(self, cursor: str) -> OrderPage:
        """Read orders changed since ``cursor``; ``""`` begins. Raises Transient where the ERP does not answer."""
        if self._puller is None:
            return OrderPage((), cursor)
        return await self._puller.page(cursor)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    def _context(self, posting: ErpPosting) -> dict[str, Any]:
        """The posting for expressions; a stored document is a link to it."""
        shown = posting if self._documents is None else self._documents.linked(posting)
        return {"posting": fields_of(shown), "values": self._values}

    def _noticed(self, notice: ErpNotice, key: str) -> dict[str, Any]:
        return {"notice": notice_fields_of(notice, key), "values": self._values}

    def _told(self, answer: Answer) -> Answer:
        """The answer, its words in one line and without a credential."""
        match answer:
            case Refused():
                return Refused(self._client.told(answer.reason))
            case Unknown():
                return structs.replace(answer, detail=self._client.told(answer.detail))
        return answer


def rest_erp(
    declaration: Path | str, address: str, credentials: Mapping[str, str], values: Mapping[str, str] | None = None, *,
    encode: Encode | None = None, timeout: float | None = None, clock: Clock | None = None, plain_http: bool = False,
    trust: ssl.SSLContext | None = None, documents: PostedDocuments | None = None,
) -> RestErp:
    """An ERP at ``address`` by a declaration: a file, or the name of a packaged one.

    ``credentials``: as the declaration's authentication names them. ``values``: what its ``values`` ask for.
    ``encode``: from the document of the order webhook to key and value on ``erp.orders.v1``; needed to read orders.
    ``timeout``: seconds, in place of the declared. ``clock``: UTC ms. ``plain_http``: http is allowed for other hosts
    than this machine. ``trust``: in place of the system's certificates. ``documents``: those that postings bear.

    Raises DeclarationError, CredentialsError or BadAddress, with words for a person.
    """
    compiled = load(found(declaration))
    now = clock or _now
    given = values_of(compiled, values or {})
    where = checked_address(address, plain_http=plain_http)
    ours = checked(compiled.declared.authentication, credentials)
    client = ErpClient(compiled.declared, where, ours, now, timeout, trust)
    session = Session(compiled, client, ours, given, now)
    _check_token_url(compiled, given, plain_http=plain_http)
    return RestErp(compiled, client, session, given, encode, documents)


def found(declaration: Path | str) -> Path:
    """The file of a declaration: a packaged one by its name, else a path."""
    return packaged().get(str(declaration), Path(declaration))


def values_of(compiled: Compiled, given: Mapping[str, str]) -> dict[str, str]:
    """The values of an installation with the defaults of the others. Raises CredentialsError."""
    asked = compiled.declared.values
    unknown = sorted(set(given) - set(asked))
    if unknown:
        raise CredentialsError(f"values has {unknown[0]}, which {compiled.path.name} does not use; it has "
                               f"{', '.join(asked) or 'none'}")
    made = {name: given.get(name, default) for name, default in asked.items()}
    missing = [name for name, value in made.items() if value is None]
    if missing:
        raise CredentialsError(f"values lacks {', '.join(missing)}, which {compiled.path.name} needs")
    return {name: str(value) for name, value in made.items()}


def fields_of(posting: ErpPosting) -> dict[str, Any]:
    """The posting as expressions see it; its proof of delivery has every field, None where there is none."""
    proof = posting.proof_of_delivery
    return {
        **structs.asdict(posting), "kind": posting.kind.value, "reason": posting.reason.value,
        "proof_of_delivery": dict.fromkeys(PROOF) if proof is None else structs.asdict(proof),
    }


def notice_fields_of(notice: ErpNotice, key: str) -> dict[str, Any]:
    """The notice as expressions see it; ``key``: what it is looked up by."""
    return {
        **structs.asdict(notice), "kind": notice.kind.value, "exception": notice.exception.value,
        "reason": notice.reason.value, NOTICE_KEY: key,
    }


def _reference(expression: Expression | None, seen: Mapping[str, Any]) -> str:
    found = None if expression is None else expression.value(seen)
    if found is None or found == "":
        raise NoValue("there is no reference in it")
    return str(found)


def _check_token_url(compiled: Compiled, values: Mapping[str, str], *, plain_http: bool) -> None:
    if isinstance(compiled.declared.authentication, OAuth2) and compiled.sign_on is not None:
        url = compiled.sign_on.value({"values": dict(values)})
        if not url.startswith("/"):
            try:
                checked_address(url, plain_http=plain_http or urlsplit(url).hostname == "localhost")
            except BadAddress as error:
                raise BadAddress(f"token_url: {error}") from None


def _words(answer: Answer) -> str:
    match answer:
        case Refused(reason=reason):
            return f"the look-up is refused: {reason}"
        case Unknown(detail=detail):
            return detail
    return "the look-up ended early"


def _now() -> int:
    return time.time_ns() // 1_000_000

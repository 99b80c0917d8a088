"""Sign-in by an OpenID provider: the way there and back, and the person that follows from what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import structlog
from fastapi import Request
from fastapi.responses import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from config.setting_group import SettingsError
from config.sign_on import SignOnSettings
from connectors.formats.prepared_types import prepared
from connectors.sign_on.openid import OpenIdProvider, Refused
from portal.pages.templates import NoPage
from portal.sign_in.people import Person, Role

FLOW_COOKIE = "shipsync-sign-on"
FLOW_SECONDS = 600
"""Within which the provider has to answer."""
LONGEST_NAME = 120
ANSWER = "/login/oidc/answer"
_BY_RIGHTS = (Role.ADMIN, Role.OPERATOR, Role.FINANCE, Role.VIEWER)
_SESSION = "session"
"""Where Authlib looks for what it has to remember."""
log = structlog.get_logger(__name__)


class Provider(Protocol):
    """Asks somebody's provider who it is."""

    async def begin(self, request: Request, back_to: str) -> Response:
        """Leads to the provider. Raises Refused or Transient."""

    async def claims(self, request: Request) -> Mapping[str, Any]:
        """The claims of the provider's answer. Raises Refused or Transient."""


@dataclass(frozen=True)
class Naming:
    """How claims become a person. ``roles``: role of each value of ``role_claim``."""

    roles: Mapping[str, Role]
    role_claim: str
    name_claim: str

    def person(self, claims: Mapping[str, Any]) -> Person | None:
        """The person; None where no role follows. Raises Refused for a name that cannot be shown."""
        found = _within(claims, self.role_claim)
        given = {one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)}
        roles = {self.roles[one] for one in given if one in self.roles}
        role = next((one for one in _BY_RIGHTS if one in roles), None)
        unverified = self.name_claim == "email" and claims.get("email_verified") is False
        name = (None if unverified else _within(claims, self.name_claim)) or claims.get("sub")
        if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise Refused(f"the claim {self.name_claim} is no name that can be shown")
        if role is None:
            log.warning("a person without a role was not signed in", name=name, claim=self.role_claim)
        return None if role is None else Person(name.strip(), role)


class SignOn:
    """The way to one provider and back. ``label``: its name for people."""

    def __init__(self, provider: Provider, naming: Naming, secret: str, label: str) -> None:
        """``secret``: signs what the browser keeps meanwhile."""
        self._provider, self._naming, self.label = provider, naming, label
        self._signer = URLSafeTimedSerializer(secret, salt=FLOW_COOKIE)

    async def begin(self, request: Request, back: str) -> Response:
        """Leads to the provider; ``back``: the page to show then. Raises NoPage or Transient."""
        session: dict[str, Any] = {"back": back}
        request.scope[_SESSION] = session
        try:
            answer = await self._provider.begin(request, str(request.url.replace(path=ANSWER, query="")))
        except Refused as refused:
            raise _not_signed_in(refused) from refused
        answer.set_cookie(
            FLOW_COOKIE, str(self._signer.dumps(session)), FLOW_SECONDS, path="/login", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def answered(self, request: Request) -> tuple[Person, str]:
        """The person the provider's answer is about, and the page to show. Raises NoPage or Transient."""
        session = self._session(request)
        request.scope[_SESSION] = session
        try:
            person = self._naming.person(await self._provider.claims(request))
        except Refused as refused:
            raise _not_signed_in(refused) from refused
        if person is None:
            raise NoPage(
                "You have no role here", f"{self.label} knows you, but none of your groups may see this. Ask an"
                " administrator for one that does.", status=403,
            )
        return person, str(session.get("back", ""))

    def _session(self, request: Request) -> dict[str, Any]:
        try:
            found = self._signer.loads(request.cookies.get(FLOW_COOKIE, ""), max_age=FLOW_SECONDS)
        except BadSignature:
            return {}
        return found if isinstance(found, dict) else {}


def sign_on_of(settings: SignOnSettings, secret: str) -> SignOn | None:
    """The sign-in by the provider of the settings; None where they name none. Raises SettingsError."""
    if settings.issuer is None:
        return None
    naming = Naming(roles_of(settings.roles), settings.role_claim, settings.name_claim)
    return SignOn(OpenIdProvider(settings), naming, secret, settings.label)


def roles_of(value: str) -> Mapping[str, Role]:
    """The roles of the setting. Raises SettingsError."""
    try:
        found = msgspec.json.decode(value, type=prepared(dict[str, Role]))
    except msgspec.DecodeError as error:
        raise SettingsError(
            f'SHIPSYNC_OIDC_ROLES: a JSON object is due, {{"group": "role"}}; there is {", ".join(Role)}'
        ) from error
    if not found:
        raise SettingsError(
            'SHIPSYNC_OIDC_ROLES: nobody could sign in: name the role of a group, {"logistics": "operator"}'
        )
    return found


def _within(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name, or where dots lead into it; None where there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _not_signed_in(refused: Refused) -> NoPage:
    log.warning("a sign-in by the OpenID provider was refused", why=str(refused))
    return NoPage(
        "You could not be signed in", "What the provider answered does not hold, or it came too late. Open the work"
        " list and sign in again; the portal's log has the reason.", status=403,
    )

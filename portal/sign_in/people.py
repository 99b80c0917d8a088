"""Who looks at the pages: people with a name and a role, who sign in with a password and stay so for some hours.

``SHIPSYNC_PORTAL_USERS`` names them (JSON): ``[{"name": "ada", "role": "operator", "password": "$argon2id$..."}]``;
``shipsync users new`` makes an entry. Where none is named and only this machine can ask, whoever asks is ``local``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.formats.prepared_types import prepared
from portal.sign_in.roles import Role as Role

SESSION_SECONDS = 12 * 3_600
SETTING = "SHIPSYNC_PORTAL_USERS"
_HASHER = PasswordHasher()


class Person(NamedTuple):
    """Somebody who has signed in."""

    name: str
    role: Role

    def may(self, *needed: Role) -> bool:
        """Whether the person may do what needs one of these roles."""
        return Role.VIEWER in needed or self.role in (*needed, Role.ADMIN)


DECIDE_DELIVERIES = (Role.OPERATOR, Role.FINANCE)
"""Who may release or refuse a delivery that is held back."""
DECIDE_POSTINGS = (Role.FINANCE,)
"""Who may release, waive or close a delivery that waits to be confirmed."""
DECIDE_BOOKINGS = (Role.OPERATOR,)
"""Who may book a delivery anew, cancel its booking, or answer a carrier's terms."""
READ_AUDIT = (Role.OPERATOR,)
"""Who may read the audit trail, beside administrators."""


LOCAL = Person("local", Role.ADMIN)
"""Whoever sits at this machine, where nobody is named and nobody else can ask."""


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One who may sign in. ``password``: its Argon2 hash, as PHC string."""

    name: str
    role: Role
    password: str


class Users:
    """Those who may sign in."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = users
        # Who is not known costs as much time as who is.
        self._nobody = _HASHER.hash(secrets.token_hex())

    def __bool__(self) -> bool:
        return bool(self._users)

    def person(self, name: str) -> Person | None:
        """The person of this name, with today's role; None for one who may no longer sign in."""
        user = self._users.get(name)
        return None if user is None else Person(user.name, user.role)

    def sign_in(self, name: str, password: str) -> Person | None:
        """The person, where name and password are right."""
        user = self._users.get(name)
        try:
            _HASHER.verify(self._nobody if user is None else user.password, password)
        except VerificationError:
            return None
        return None if user is None else Person(user.name, user.role)


class Sessions:
    """Signed cookies that say who has signed in: a local user's holds the name, that of somebody whom a provider signed
    in holds name and role."""

    def __init__(self, secret: str | None) -> None:
        """``secret``: signs them; None: one of this process alone, after whose end people sign in again."""
        self._signer = URLSafeTimedSerializer(secret or secrets.token_hex(32), salt="shipsync-session")

    def begin(self, person: Person) -> str:
        """The cookie of a local user who has just signed in."""
        return self._signer.dumps(person.name)

    def begin_signed_on(self, person: Person) -> str:
        """The cookie of a person whom a provider has just signed in."""
        return self._signer.dumps([person.name, person.role])

    def name(self, cookie: str | None) -> str | None:
        """The local user's name in a cookie; None where there is none, it is old, or not ours."""
        name = self._content(cookie)
        return name if isinstance(name, str) else None

    def signed_on(self, cookie: str | None) -> Person | None:
        """The person in a cookie whom a provider signed in; None as above."""
        content = self._content(cookie)
        return Person(content[0], Role(content[1])) if isinstance(content, list) else None

    def _content(self, cookie: str | None) -> object:
        if cookie is None:
            return None
        try:
            return self._signer.loads(cookie, max_age=SESSION_SECONDS)
        except BadSignature:
            return None


def users_of(value: SecretStr | None) -> Users:
    """The users of the setting. Raises SettingsError, which repeats no password."""
    text = "" if value is None else value.get_secret_value().strip()
    if not text:
        return Users({})
    try:
        read = msgspec.json.decode(text, type=prepared(list[dict[str, str]]))
        found = [_user(one) for one in read]
    except msgspec.DecodeError as error:
        raise SettingsError(
            f'{SETTING}: a JSON list is due, each {{"name", "role", "password"}}: shipsync users new makes one'
        ) from error
    if len({one.name for one in found}) < len(found):
        raise SettingsError(f"{SETTING}: a name stands twice")
    return Users({one.name: one for one in found})


def hashed(password: str) -> str:
    """The Argon2 hash of a password, as ``SHIPSYNC_PORTAL_USERS`` keeps it."""
    return _HASHER.hash(password)


def _user(entry: Mapping[str, str]) -> User:
    name = entry.get("name", "")
    if not name.strip() or not name.isprintable():
        raise SettingsError(f"{SETTING}: a user has no name that can be shown")
    role = entry.get("role", "")
    if role not in set(Role):
        near = get_close_matches(role, list(Role), 1)
        hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(Role)}"
        raise SettingsError(f"{SETTING}: {name} has no role that is known; {hint}")
    try:
        _HASHER.check_needs_rehash(entry.get("password", ""))
    except InvalidHashError as error:
        raise SettingsError(
            f"{SETTING}: the password of {name} is no Argon2 hash: shipsync users new {name} makes one"
        ) from error
    if unknown := sorted(entry.keys() - set(User.__struct_fields__)):
        raise SettingsError(f"{SETTING}: {name} has fields that nobody reads: {', '.join(unknown)}")
    return User(name, Role(role), entry["password"])

"""Who may sign in, what each may do, and what a setting that is wrong says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from itsdangerous import URLSafeTimedSerializer
from pydantic import SecretStr

from config.setting_group import SettingsError
from portal.sign_in.people import LOCAL, SESSION_SECONDS, Person, Role, Sessions, hashed, users_of

PASSWORD = "correct horse"
ADA = {"name": "ada", "role": "operator", "password": hashed(PASSWORD)}


def setting(*entries: object) -> SecretStr:
    return SecretStr(msgspec.json.encode(entries).decode())


def test_only_the_right_password_signs_in() -> None:
    users = users_of(setting(ADA))
    assert users.sign_in("ada", PASSWORD) == Person("ada", Role.OPERATOR)
    assert users.sign_in("ada", "wrong") is None
    assert users.sign_in("eve", PASSWORD) is None
    assert users.sign_in("", "") is None


@pytest.mark.parametrize(("role", "needed", "may"), [
    (Role.VIEWER, Role.VIEWER, True), (Role.VIEWER, Role.OPERATOR, False), (Role.OPERATOR, Role.OPERATOR, True),
    (Role.OPERATOR, Role.FINANCE, False), (Role.FINANCE, Role.FINANCE, True), (Role.FINANCE, Role.OPERATOR, False),
    (Role.ADMIN, Role.FINANCE, True), (Role.OPERATOR, Role.ADMIN, False),
])
def test_a_role_allows_what_is_its_own(role: Role, needed: Role, may: bool) -> None:
    assert Person("ada", role).may(needed) is may


def test_without_users_nobody_signs_in() -> None:
    assert not users_of(None)
    assert not users_of(SecretStr(" "))
    assert users_of(None).sign_in(LOCAL.name, "") is None


def test_a_session_is_of_who_began_it() -> None:
    sessions = Sessions("a secret")
    cookie = sessions.begin(Person("ada", Role.OPERATOR))
    assert sessions.name(cookie) == "ada"
    assert Sessions("another").name(cookie) is None
    assert sessions.name(cookie[:-2] + "xx") is None
    assert sessions.name(None) is None


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions("a secret")
    cookie = sessions.begin(Person("ada", Role.OPERATOR))
    loads: Callable[..., Any] = URLSafeTimedSerializer.loads
    ages = []

    def noted(self: URLSafeTimedSerializer, value: str, max_age: int) -> Any:
        ages.append(max_age)
        return loads(self, value, max_age=-1)

    monkeypatch.setattr(URLSafeTimedSerializer, "loads", noted)
    assert sessions.name(cookie) is None
    assert ages == [SESSION_SECONDS]


@pytest.mark.parametrize(("value", "words"), [
    (SecretStr("{}"), "a JSON list"), (SecretStr("[1]"), "a JSON list"), (setting({**ADA, "name": " "}), "has no name"),
    (setting({**ADA, "role": "operater"}), "did you mean operator"), (setting({**ADA, "role": "x"}), "there is viewer"),
    (setting({**ADA, "password": PASSWORD}), "no Argon2 hash"), (setting({**ADA, "mail": "a"}), "nobody reads: mail"),
    (setting(ADA, ADA), "stands twice"),
])
def test_a_setting_that_is_wrong_says_so_and_repeats_no_password(value: SecretStr, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as told:
        users_of(value)
    assert PASSWORD not in str(told.value)

"""Secrets out of the settings."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.gateway.credentials import secrets_of


@pytest.mark.parametrize("said", [None, SecretStr(""), SecretStr(" ")])
def test_none_set_is_none(said: SecretStr | None) -> None:
    assert secrets_of("X", said) == {}


def test_a_name_has_one_secret_or_several() -> None:
    assert secrets_of("X", SecretStr('{"a": "1", "b": ["2", "3"]}')) == {"a": ("1",), "b": ("2", "3")}


@pytest.mark.parametrize("said", ["s3cret", '["s3cret"]', '{"a": 5, "b": "s3cret"}', '{"a": "", "b": "s3cret"}',
                                  '{"a": [], "b": "s3cret"}', '{"a": ["s3cret", ""]}'])
def test_what_cannot_be_used_is_a_wrong_setting_and_is_not_shown(said: str) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_X: ") as raised:
        secrets_of("SHIPSYNC_X", SecretStr(said))
    assert "s3cret" not in str(raised.value)

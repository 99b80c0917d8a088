"""Secrets out of the settings."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from config.settings import SettingsError
from connectors.gateway.credentials import keys_of, secrets_of


@pytest.mark.parametrize("said", [None, SecretStr(""), SecretStr(" ")])
def test_none_set_is_none(said: SecretStr | None) -> None:
    assert secrets_of("X", said) == {}


def test_a_name_has_one_secret_or_several() -> None:
    assert secrets_of("X", SecretStr('{"a": "1", "b": ["2", "3"]}')) == {"a": ("1",), "b": ("2", "3")}


@pytest.mark.parametrize("said", ["s3cret", '["s3cret"]', '{"a": 5, "b": "s3cret"}', '{"a": "", "b": "s3cret"}',
                                  '{"a": [], "b": "s3cret"}', '{"a": ["s3cret", ""]}', '{"a": " ", "b": "s3cret"}',
                                  '{"a": "s3cret "}', '{"a": "s3cret\\n"}', '{"a": "s3\\u0000cret"}'])
def test_what_cannot_be_used_is_a_wrong_setting_and_is_not_shown(said: str) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_X: ") as raised:
        secrets_of("SHIPSYNC_X", SecretStr(said))
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("client", "hint"),
    [("order", "did you mean orders?"), ("Alerts", "did you mean alerts?"), ("crm", "there is orders, wms, alerts")],
)
def test_a_key_of_a_client_that_is_none_is_a_wrong_setting(client: str, hint: str) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_API_KEYS: there is no client") as raised:
        keys_of(SecretStr(f'{{"{client}": "s3cret"}}'))
    assert hint in str(raised.value)
    assert "s3cret" not in str(raised.value)

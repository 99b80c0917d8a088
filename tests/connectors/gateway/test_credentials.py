"""Secrets out of the settings."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.gateway.credentials import keys_of, secrets_of


@pytest.mark.parametrize("said", [None, SecretStr(""), SecretStr(" ")])
def test_without_a_setting_there_are_no_secrets(said: SecretStr | None) -> None:
    assert secrets_of("X", said) == {}


def test_a_name_has_one_secret_or_several() -> None:
    assert secrets_of("X", SecretStr('{"a": "1", "b": ["2", "3"]}')) == {"a": ("1",), "b": ("2", "3")}


@pytest.mark.parametrize("said", ["s3cret", '["s3cret"]', '{"a": 5, "b": "s3cret"}', '{"a": "", "b": "s3cret"}',
                                  '{"a": [], "b": "s3cret"}', '{"a": ["s3cret", ""]}', '{"a": " ", "b": "s3cret"}',
                                  '{"a": "s3cret "}', '{"a": "s3cret\\n"}', '{"a": "s3\\u0000cret"}'])
def test_unusable_secrets_are_a_settings_error_that_does_not_show_them(said: str) -> None:
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

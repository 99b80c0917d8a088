"""Who is polled, and what is said where credentials are wrong: never the credentials."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.carrier_api.credentials import polled_carriers
from connectors.carriers import discover

CARRIERS = discover()


def given(**feeds: dict[str, Any]) -> SecretStr:
    return SecretStr(json.dumps(feeds))


def test_only_feeds_with_credentials_are_polled() -> None:
    assert polled_carriers(CARRIERS, None) == []
    assert polled_carriers(CARRIERS, SecretStr(" ")) == []
    [one] = polled_carriers(CARRIERS, given(dhl={"key": "s3cret"}))
    assert (one.carrier.feed, one.slug, one.credentials.key) == ("dhl", "dhl", "s3cret")


def test_secrets_do_not_show() -> None:
    [one] = polled_carriers(CARRIERS, given(dhl={"key": "s3cret"}))
    assert "s3cret" not in repr(one.credentials)


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (SecretStr("{s3cret"), "is no JSON object of credentials by feed"),
        (given(dhl={"keys": "s3cret"}), "unknown field `keys`"),
        (given(dhl={"username": "s3cret"}), "dhl needs key"),
        (given(ups={"client_id": "s3cret"}), "ups needs client_secret"),
        (given(nobody={"key": "s3cret"}), "'nobody' is no feed that can be polled here; there is "),
        (given(easypost={"key": "s3cret"}), "'easypost' is no feed that can be polled"),
        (given(dhl={"key": "s3cret", "base_url": "ftp://x"}), "scheme and host"),
        (given(dhl={"key": "s3cret", "base_url": "https://x/path"}), "scheme and host"),
    ],
)
def test_an_error_does_not_show_the_credentials(secret: SecretStr, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        polled_carriers(CARRIERS, secret)
    assert says in str(caught.value)
    assert "s3cret" not in str(caught.value)

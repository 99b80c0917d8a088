"""Who is polled, and what is said where credentials are wrong: never the credentials."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import SecretStr

from config.setting_group import SettingsError
from connectors.carrier_api.credentials import called_carriers, polled_carriers
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


def test_only_feeds_with_credentials_are_asked_for_documents() -> None:
    assert called_carriers(CARRIERS, None) == []
    [one] = called_carriers(CARRIERS, given(mydhl={"username": "us", "password": "s3cret"}))
    assert (one.feed, one.slug, one.plan.is_for("1234567890"), one.plan.is_for("00340434161094042551")) == (
        "mydhl", "dhl", True, False)
    assert "s3cret" not in repr(one)


@pytest.mark.parametrize(("secret", "says"), [
    (SecretStr("{s3cret"), "SHIPSYNC_DOCUMENTS_API_CREDENTIALS is no JSON object"),
    (given(mydhl={"username": "s3cret"}), "SHIPSYNC_DOCUMENTS_API_CREDENTIALS: mydhl needs password"),
    (given(ups={"client_id": "s3cret"}), "'ups' has no document_call in its carrier.yaml; there is fedex, mydhl"),
    (given(fedex={"client_id": "a", "client_secret": "s3cret", "base_url": "sandbox"}), "base_url of fedex"),
])
def test_wrong_credentials_for_documents_are_refused_without_a_word_of_them(secret: SecretStr, says: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)) as raised:
        called_carriers(CARRIERS, secret)
    assert "s3cret" not in str(raised.value)

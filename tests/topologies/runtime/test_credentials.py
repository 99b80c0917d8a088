"""The login of librdkafka, as aiokafka is told it."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from streams.kernel.errors import Fatal
from tests.support.certificates import PASSWORD, Authority
from topologies.runtime.credentials import credentials


def told(**given: Any) -> dict[str, Any]:
    return credentials(Settings(_env_file=None, **given))


def test_an_open_cluster_needs_none() -> None:
    assert told() == {"security_protocol": "PLAINTEXT"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_login_is_carried_over(mechanism: str) -> None:
    found = told(
        kafka_protocol="sasl_ssl", kafka_mechanism=mechanism, kafka_username="us", kafka_password="geheim"
    )
    context = found.pop("ssl_context")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert found == {
        "security_protocol": "SASL_SSL", "sasl_mechanism": mechanism, "sasl_plain_username": "us",
        "sasl_plain_password": "geheim",
    }


def test_so_is_one_in_further_settings() -> None:
    found = told(kafka_config={
        "security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN", "sasl.username": "us", "sasl.password": "pw",
    })
    assert found["sasl_mechanism"] == "PLAIN"


def test_a_private_authority_and_a_client_certificate_are_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.sign("ours", protected=True)
    found = told(
        kafka_protocol="ssl", kafka_ca=authority.certificate, kafka_certificate=ours.certificate, kafka_key=ours.key,
        kafka_key_password=PASSWORD,
    )
    assert [one["subject"] for one in found["ssl_context"].get_ca_certs()] == [((("commonName", "Test CA"),),)]


def test_files_that_do_not_fit_are_told_by_the_names_of_the_settings(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.sign("one"), authority.sign("other")
    with pytest.raises(Fatal, match="SHIPSYNC_KAFKA_CA, _CERTIFICATE, _KEY or _KEY_PASSWORD cannot be used"):
        told(kafka_protocol="ssl", kafka_certificate=one.certificate, kafka_key=other.key)


@pytest.mark.parametrize("further", [
    {"security.protocol": "SASL_SSL", "sasl.mechanism": "GSSAPI"},
    {"security.protocol": "SSL", "ssl.ca.pem": "-----BEGIN"},
])
def test_what_cannot_be_carried_over_is_refused(further: dict[str, str]) -> None:
    with pytest.raises(Fatal, match="is not supported: use"):
        told(kafka_config=further)


def test_names_are_not_compared_where_that_is_switched_off() -> None:
    further = {"security.protocol": "SSL", "ssl.endpoint.identification.algorithm": "none"}
    assert told(kafka_config=further)["ssl_context"].check_hostname is False

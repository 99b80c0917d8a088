"""Tells aiokafka how to log in to the cluster, from the settings librdkafka takes."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from config.connections import Mechanism
from config.settings import Settings
from streams.kernel.errors import Fatal

_MECHANISMS = tuple(one.value for one in Mechanism)
_NOT_CARRIED_OVER = ("ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem", "ssl.keystore.location")


def credentials(settings: Settings) -> dict[str, Any]:
    """The arguments of an aiokafka client. Raises Fatal for what cannot be carried over, or files that do not fit."""
    config: Mapping[str, str] = settings.kafka.librdkafka()
    protocol = config["security.protocol"].upper()
    found: dict[str, Any] = {"security_protocol": protocol}
    if protocol.endswith("SSL"):
        found["ssl_context"] = _context(config)
    if protocol.startswith("SASL"):
        mechanism = config["sasl.mechanism"]
        if mechanism not in _MECHANISMS:
            raise Fatal(f"SASL mechanism {mechanism} is not supported: use {', '.join(_MECHANISMS)}")
        found |= {
            "sasl_mechanism": mechanism, "sasl_plain_username": config["sasl.username"],
            "sasl_plain_password": config["sasl.password"],
        }
    return found


def _context(config: Mapping[str, str]) -> ssl.SSLContext:
    for name in _NOT_CARRIED_OVER:
        if name in config:
            raise Fatal(f"SHIPSYNC_KAFKA_CONFIG: {name} is not supported: use files (SHIPSYNC_KAFKA_CA and others)")
    try:
        context = ssl.create_default_context(cafile=config.get("ssl.ca.location"))
        if certificate := config.get("ssl.certificate.location"):
            context.load_cert_chain(certificate, config.get("ssl.key.location"), config.get("ssl.key.password", ""))
    except OSError as error:
        raise Fatal(
            f"SHIPSYNC_KAFKA_CA, _CERTIFICATE, _KEY or _KEY_PASSWORD cannot be used: {error.strerror or error}"
        ) from error
    if config.get("ssl.endpoint.identification.algorithm") == "none":
        context.check_hostname = False
    return context

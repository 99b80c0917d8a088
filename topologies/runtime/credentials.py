"""How Faust and aiokafka log in to the cluster, from the settings librdkafka takes."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import faust
from faust.types.auth import SASLMechanism

from config.settings import Settings
from streams.kernel.errors import Fatal

_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def credentials(settings: Settings) -> Any:
    """Faust's credentials from the librdkafka settings. Raises Fatal for what cannot be carried over."""
    config: Mapping[str, str] = settings.kafka.librdkafka()
    protocol = config.get("security.protocol", "plaintext").lower()
    if protocol == "plaintext":
        return None
    context = None
    if protocol.endswith("ssl"):
        context = ssl.create_default_context(cafile=config.get("ssl.ca.location"))
        if certificate := config.get("ssl.certificate.location"):
            key, password = config.get("ssl.key.location"), config.get("ssl.key.password")
            context.load_cert_chain(certificate, key, password)
    if protocol == "ssl":
        return faust.SSLCredentials(context)
    mechanism = config.get("sasl.mechanism", config.get("sasl.mechanisms", "PLAIN"))
    if mechanism in _MECHANISMS:
        return faust.SASLCredentials(
            username=config.get("sasl.username"), password=config.get("sasl.password"),
            ssl_context=context, mechanism=SASLMechanism(mechanism),
        )
    raise Fatal(f"sasl.mechanism {mechanism} is not supported: use {', '.join(_MECHANISMS)}")

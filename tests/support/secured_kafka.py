"""Apache Kafka with TLS listeners: one with a login by SASL, one that wants a client certificate."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from tests.support import kafka_jars
from tests.support.certificates import Authority
from tests.support.kafka import HOST, ApacheKafka, free_ports
from tests.support.waiting import PATIENCE

USER, PASSWORD = "shipsync", "a secret of a test"
_LOGIN = "org.apache.kafka.common.security"


class SecuredKafka(ApacheKafka):
    """``bootstrap`` is open, for the test itself; ``sasl_ssl`` and ``ssl`` are for what is tested."""

    def __init__(self, folder: Path, classpath: str) -> None:
        self.authority = Authority(folder)
        self._server = self.authority.sign("broker")
        self._sasl_port, self._tls_port = free_ports(2)
        self.sasl_ssl, self.ssl = f"{HOST}:{self._sasl_port}", f"{HOST}:{self._tls_port}"
        super().__init__(folder, classpath)

    def _settings(self) -> dict[str, str]:
        known = super()._settings()
        scram = f"{_LOGIN}.scram.ScramLoginModule required;"
        return known | {
            "listeners": f"{known['listeners']},SASL_SSL://{self.sasl_ssl},SSL://{self.ssl}",
            "listener.security.protocol.map":
                f"{known['listener.security.protocol.map']},SASL_SSL:SASL_SSL,SSL:SSL",
            "ssl.keystore.type": "PEM", "ssl.keystore.location": str(self._server.chain),
            "ssl.truststore.type": "PEM", "ssl.truststore.location": str(self.authority.certificate),
            "listener.name.ssl.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.sasl_ssl.plain.sasl.jaas.config":
                f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
            "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
        }

    def add_user(self) -> None:
        """Give the user a SCRAM credential of each kind."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            wanted = UserScramCredentialUpsertion(USER, ScramCredentialInfo(mechanism, 4096), PASSWORD.encode())
            admin.alter_user_scram_credentials([wanted])[USER].result(PATIENCE)


@contextmanager
def start_secured_kafka() -> Iterator[SecuredKafka]:
    """A running broker in a folder that goes with it; skips or fails as :func:`tests.support.kafka.start_kafka`."""
    classpath = kafka_jars.classpath_or_skip()
    with tempfile.TemporaryDirectory(prefix="shipsync-kafka-") as folder:
        broker = SecuredKafka(Path(folder), classpath)
        broker.format()
        try:
            broker.start()
            broker.add_user()
            yield broker
        finally:
            broker.stop()

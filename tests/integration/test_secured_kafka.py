"""Stages on Apache Kafka over TLS: with a login by SASL, or a client certificate; and on a registry behind TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.producer import deliver, producer
from connectors.kafka.raw_record import raw_record
from connectors.kafka.topic_admin import TopicAdmin
from streams.kernel.errors import Fatal, Transient
from tests.support.brokers import secured_registry, settings_for
from tests.support.certificates import PASSWORD as KEY_PASSWORD
from tests.support.certificates import Authority
from tests.support.secured_kafka import PASSWORD, USER, SecuredKafka, start_secured_kafka
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from tests.support.workers import echo_stage
from topologies.local_stack.stack import catalogue
from topologies.runtime.writing.processing import cluster_has_transactions

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def kafka() -> Iterator[SecuredKafka]:
    with start_secured_kafka() as running:
        yield running


def by_login(kafka: SecuredKafka, mechanism: str = "SCRAM-SHA-512") -> dict[str, Any]:
    return {
        "bootstrap": kafka.sasl_ssl, "kafka_protocol": "sasl_ssl", "kafka_mechanism": mechanism,
        "kafka_username": USER, "kafka_password": PASSWORD, "kafka_ca": str(kafka.authority.certificate),
    }


def by_certificate(kafka: SecuredKafka) -> dict[str, Any]:
    ours = kafka.authority.sign("client", protected=True)
    return {
        "bootstrap": kafka.ssl, "kafka_protocol": "ssl", "kafka_ca": str(kafka.authority.certificate),
        "kafka_certificate": str(ours.certificate), "kafka_key": str(ours.key), "kafka_key_password": KEY_PASSWORD,
    }


WAYS = [
    pytest.param(lambda kafka: by_login(kafka, "SCRAM-SHA-512"), id="SCRAM-SHA-512"),
    pytest.param(lambda kafka: by_login(kafka, "SCRAM-SHA-256"), id="SCRAM-SHA-256"),
    pytest.param(lambda kafka: by_login(kafka, "PLAIN"), id="PLAIN"),
    pytest.param(by_certificate, id="certificate"),
]


@pytest.mark.parametrize("way", WAYS)
def test_every_client_of_ours_gets_in(way: Any, kafka: SecuredKafka) -> None:
    settings = Settings(_env_file=None, **way(kafka))
    TopicAdmin(settings).create([topics.raw("ups")])
    before = len(read_all(kafka.bootstrap, topics.raw("ups").name))
    out = producer(settings)
    assert deliver(out, [raw_record("ups", b"{}", "application/json", 1, "c", "file")]) == 1
    assert len(read_all(kafka.bootstrap, topics.raw("ups").name)) == before + 1
    assert cluster_has_transactions(settings)


@pytest.mark.parametrize("way", [WAYS[0], WAYS[3]])
def test_a_stage_with_state_writes_exactly_once(way: Any, kafka: SecuredKafka, tmp_path: Path) -> None:
    with echo_stage(kafka.bootstrap, tmp_path) as stage:
        stage.start(**way(kafka))
        fill(kafka.bootstrap, stage.input, [(b"k%d" % number, b"id-%d" % number) for number in range(50)])
        stage.wait_until_done(50)
        assert sorted(stage.outputs()) == sorted(b"id-%d" % number for number in range(50))
        assert "processing is exactly_once" in stage.logs()
        assert PASSWORD not in stage.logs()


def test_a_stage_of_ours_works_with_a_registry_behind_tls(kafka: SecuredKafka, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Registry CA")
    with secured_registry(authority) as url:
        ours = authority.sign("ours", protected=True)
        settings = settings_for(
            by_login(kafka)["bootstrap"], url, tmp_path, registry_ca=authority.certificate,
            registry_certificate=ours.certificate, registry_key=ours.key, registry_key_password=KEY_PASSWORD,
            **{name: value for name, value in by_login(kafka).items() if name != "bootstrap"},
        )
        TopicAdmin(settings).create(catalogue(settings.intake))
        worker = StageWorker("intake", settings, tmp_path / "intake")
        try:
            deliver(producer(settings), [raw_record("ups", b"no json", "application/json", 1, "c", "file")])
            letters = topics.DLQ_INTAKE.name
            eventually(lambda: b"no json" in [one.value() for one in read_all(kafka.bootstrap, letters)])
        finally:
            worker.kill()


@pytest.mark.parametrize("wrong", [
    {"kafka_password": "another"},
    {"kafka_username": "nobody"},
])
def test_a_wrong_login_is_told_and_not_shown(wrong: dict[str, str], kafka: SecuredKafka) -> None:
    settings = Settings(_env_file=None, **{**by_login(kafka), **wrong})
    with pytest.raises(Transient) as raised:
        TopicAdmin(settings).wait(2.0)
    assert "another" not in str(raised.value)


def test_a_broker_that_another_authority_has_signed_for_is_not_spoken_to(kafka: SecuredKafka, tmp_path: Path) -> None:
    other = Authority(tmp_path, "Other CA")
    settings = Settings(_env_file=None, **{**by_login(kafka), "kafka_ca": str(other.certificate)})
    with pytest.raises(Transient):
        TopicAdmin(settings).wait(2.0)
    with pytest.raises(Transient):
        cluster_has_transactions(settings)


def test_a_key_that_its_password_does_not_open_is_told(kafka: SecuredKafka) -> None:
    settings = Settings(_env_file=None, **{**by_certificate(kafka), "kafka_key_password": "another"})
    with pytest.raises(Fatal, match="_KEY_PASSWORD cannot be used"):
        cluster_has_transactions(settings)

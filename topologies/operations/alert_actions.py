"""What a person does about an alert, written to ``alert.actions.v1``."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import client_log
from streams.contracts.model import AlertAction
from streams.kernel.errors import Transient

ACK_SECONDS = 10.0
REGISTRY_SECONDS = 2.0


def act(settings: Settings, action: AlertAction) -> None:
    """Return once the broker has it. Raises Transient where broker or registry does not answer."""
    value = ValueCodec(topics.ALERT_ACTIONS, AlertAction, Registry(settings, patience=REGISTRY_SECONDS)).encode(action)
    producer = Producer({
        "enable.idempotence": True, "acks": "all", "partitioner": "murmur2_random",
        "delivery.timeout.ms": int(ACK_SECONDS * 1000), **settings.kafka.librdkafka(),
    }, logger=client_log)
    faults: list[KafkaError | None] = []

    def written(error: KafkaError | None, record: Message) -> None:
        del record
        faults.append(error)

    try:
        producer.produce(topics.ALERT_ACTIONS.name, value, action.alert_id, on_delivery=written)
        producer.flush(ACK_SECONDS + 1)
    except KafkaException as error:
        raise Transient(f"the action was not taken: {error.args[0].str()}") from error
    if faults != [None]:
        why = faults[0].str() if faults and faults[0] is not None else "the broker does not answer"
        raise Transient(f"the action was not taken: {why}")

"""Decides how a stage writes: exactly once where the cluster has transactions, which is asked once, at its start."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ApiVersionRequest

from config.apps import App
from config.settings import Processing, Settings
from streams.kernel.errors import Fatal, Transient
from topologies.runtime.credentials import credentials
from topologies.runtime.files.worker_id import worker_id
from topologies.runtime.watching import metrics
from topologies.runtime.writing.plain_sink import PlainSink
from topologies.runtime.writing.sink import Sink
from topologies.runtime.writing.transactional_sink import TransactionalSink

log = logging.getLogger(__name__)

END_TRANSACTION, WRITE_MARKERS, DESCRIBE_TRANSACTIONS = 26, 27, 65
"""API keys of the Kafka protocol."""
ANSWER_MS = 10_000
RETRY_SECONDS = 1.0


def resolve(
    settings: Settings, has_transactions: Callable[[Settings], bool] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Processing:
    """Decides how a stage with state writes: never ``auto``. Waits for a broker up to the stuck time-out.

    Raises Fatal where exactly_once is asked of a cluster without transactions, or no broker answers.
    """
    if settings.stage.processing is Processing.AT_LEAST_ONCE:
        return settings.stage.processing
    possible = _asked(has_transactions or cluster_has_transactions, settings, sleep)
    if settings.stage.processing is Processing.EXACTLY_ONCE and not possible:
        raise Fatal(
            f"The cluster at {settings.kafka.bootstrap} has no transactions: SHIPSYNC_PROCESSING=exactly_once cannot be"
            " kept there. Set SHIPSYNC_PROCESSING to auto or at_least_once, or use Apache Kafka"
        )
    chosen = Processing.EXACTLY_ONCE if possible else Processing.AT_LEAST_ONCE
    log.info("processing is %s: the cluster has %s", chosen.value, "transactions" if possible else "no transactions")
    return chosen


def _asked(
    has_transactions: Callable[[Settings], bool], settings: Settings, sleep: Callable[[float], None]
) -> bool:
    give_up = time.monotonic() + settings.stage.stuck_timeout
    while True:
        try:
            return has_transactions(settings)
        except Transient as error:
            if time.monotonic() > give_up:
                raise Fatal(f"Whether the cluster has transactions could not be asked: {error}") from error
            log.warning("waiting for the cluster: %s", error)
            sleep(RETRY_SECONDS)


def cluster_has_transactions(settings: Settings) -> bool:
    """Ask one broker which requests it knows. Raises Transient without an answer."""
    return offers_transactions(asyncio.run(_api_keys(settings)))


def offers_transactions(api_keys: frozenset[int]) -> bool:
    """Whether a broker that knows these requests keeps transactions.

    To know EndTxn is not enough: the embedded broker does, but its readers see what was aborted. A broker that
    keeps transactions marks them in the log (WriteTxnMarkers) or can describe them (DescribeTransactions).
    """
    return END_TRANSACTION in api_keys and bool(api_keys & {WRITE_MARKERS, DESCRIBE_TRANSACTIONS})


async def _api_keys(settings: Settings) -> frozenset[int]:
    client = AIOKafkaClient(
        bootstrap_servers=settings.kafka.bootstrap, client_id="shipsync-processing", request_timeout_ms=ANSWER_MS,
        **credentials(settings),
    )
    try:
        await client.bootstrap()
        node = client.get_random_node()
        answer = await client.send(node, ApiVersionRequest())
    except (KafkaError, OSError) as error:
        raise Transient(f"no broker answers at {settings.kafka.bootstrap}: {error!r}") from error
    finally:
        await client.close()
    return frozenset(key for key, *_ in answer.api_versions)


def build_sink(app: App, settings: Settings) -> Sink:
    """The sink the settings ask for, and the cluster is able to.

    Transactions need a stage with state: its state recognises a chunk that comes again, and all topics'
    partitions of one number are with one worker. What a stage without state repeats carries the same ids
    (docs/decisions/0022).
    """
    processing = Processing.AT_LEAST_ONCE if app.state_topic is None else resolve(settings)
    metrics.PROCESSING.labels(app.name, processing.value).set(1)
    if processing is Processing.EXACTLY_ONCE:
        return TransactionalSink(f"{app.app_id}-{worker_id(settings.state.data_dir / app.app_id)}", settings)
    return PlainSink(settings)

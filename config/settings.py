"""All settings, read once from ``SHIPSYNC_*`` (environment or ``.env``), every fault reported at once."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class LogFormat(StrEnum):
    """How logs are written."""

    JSON = "json"
    CONSOLE = "console"


class Processing(StrEnum):
    """How a stage with state writes a chunk. ``auto``: exactly once where the cluster has transactions."""

    AUTO = "auto"
    AT_LEAST_ONCE = "at_least_once"
    EXACTLY_ONCE = "exactly_once"


class SettingsError(Exception):
    """The settings are wrong; the text names each and what would be right."""


class Settings(BaseSettings):
    """Resolved settings of one installation. Durations are seconds, sizes bytes."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_", env_file=".env", extra="ignore", frozen=True)

    bootstrap: str = Field("127.0.0.1:19092", description="Kafka bootstrap servers, comma separated")
    registry_url: str = Field("http://127.0.0.1:18081", description="Confluent-compatible schema registry")
    redis_url: str = Field("redis://127.0.0.1:16379/0", description="Redis or Valkey")
    kafka_config: dict[str, str] = Field(
        default_factory=dict, description="Extra librdkafka settings (JSON), e.g. SASL for the cluster"
    )
    kafka_password: SecretStr | None = Field(None, description="SASL password, kept out of kafka_config")

    feeds: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Feeds this installation takes, comma separated; none named: every carrier there is"
    )
    partitions: int = Field(4, ge=1, le=1000, description="Partitions of every keyed topic")
    replication: int = Field(1, ge=1, le=9, description="Replication factor of topics created here")
    data_dir: Path = Field(Path("var"), description="Local state; losing it costs a replay, never data")
    register_schemas: bool = Field(
        True, description="Register our schemas at start; false where CI alone may register"
    )

    processing: Processing = Field(
        Processing.AUTO, description="auto: exactly_once where the cluster has transactions, else at_least_once"
    )
    session_timeout: float = Field(10.0, gt=0, description="Kafka group session time-out")
    rebalance_timeout: float = Field(15.0, gt=0, description="Kafka group rebalance time-out")
    commit_interval: float = Field(1.0, gt=0, description="Seconds between offset commits")
    fetch_bytes: int = Field(
        2 * 1024 * 1024, ge=1024, description="Most bytes of one partition fetched at once"
    )
    chunk_records: int = Field(5_000, ge=1, description="Most records handled as one chunk")
    max_record_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Raw records above are dead letters")
    block_cache_bytes: int = Field(
        64 * 1024 * 1024, ge=1024 * 1024, description="RocksDB cache of one worker"
    )
    drain_timeout: float = Field(10.0, gt=0, description="How long a stop waits for the chunk in hand")
    stuck_timeout: float = Field(60.0, gt=0, description="Lag without progress for so long stops the worker")

    poison_after: int = Field(
        3, ge=1, description="Crashes over the same records before the one that causes them is parked"
    )

    host: str = Field("127.0.0.1", description="Address our own HTTP endpoints bind to")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus port of this process; 0: none")
    log_format: LogFormat = Field(LogFormat.JSON, description="json or console")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    gateway_port: int = Field(18080, ge=0, le=65535, description="Port of the HTTP gateway")
    gateway_ack_timeout: float = Field(
        5.0, ge=0.1, description="How long the gateway waits for Kafka before it answers 503"
    )
    gateway_rate: int = Field(6_000, ge=1, description="Requests a minute of one carrier or client")
    gateway_open: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Feeds whose pushes are taken unsigned while no secret is set, comma separated; *: all"
    )
    gateway_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks (CIDR) of the proxies whose client certificate headers are believed"
    )
    gateway_idempotency: int = Field(86_400, ge=1, description="How long an Idempotency-Key is remembered")
    push_secrets: SecretStr | None = Field(
        None, description='Secrets carriers sign with (JSON): {"<feed>": "<secret>"}, or a list of them'
    )
    api_keys: SecretStr | None = Field(
        None,
        description='Keys of the clients of /v1/orders, /v1/wms and /v1/alerts (JSON): '
        '{"orders": "<key>", "wms": ["<key>"], "alerts": "<key>"}',
    )

    reference_span: float = Field(
        180 * 86_400.0, gt=0, description="How far apart a claim on a reference and what it resolves may lie"
    )
    feed_sweep_interval: float = Field(5.0, gt=0, description="Seconds between looks for what falls due by the clock")
    alerts_file: Path | None = Field(
        None, description="When alerts are raised, how they live and whom they reach, in place of config/alerts.yaml"
    )
    archive_after_days: int = Field(60, ge=1, description="A shipment that has ended is archived after its last word")
    unsettled_after_days: int = Field(
        180, ge=1, description="The same, where an alert of it is open or no order has claimed it"
    )
    forget_after_days: int = Field(400, ge=1, description="What is kept of an archived shipment is forgotten")
    reuse_after_days: int = Field(
        45, ge=1, description="A beginning so long after a shipment's end is another's, under the same number"
    )
    holidays_file: Path | None = Field(
        None, description="Calendars of days on which feeds need not speak, in place of config/holidays.yaml"
    )
    feed_stale_factor: float = Field(1.0, gt=0, description="Multiplies every feed's declared stale_after")

    drop_dir: Path | None = Field(
        None, description="Folder with one of each feed that comes by files; none: no drop folder is watched"
    )
    drop_interval: float = Field(5.0, gt=0, description="Seconds between looks into the drop folders")
    drop_piece_bytes: int = Field(
        512 * 1024, ge=1024, description="A dropped file is cut into records of about this size"
    )

    poll_credentials: SecretStr | None = Field(
        None, description="Who we are to the carriers that are polled (JSON by feed); a feed not named is not polled"
    )

    @field_validator("feeds", "gateway_open", "gateway_proxies", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("gateway_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network)
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return level

    def librdkafka(self) -> dict[str, str]:
        """The settings every confluent-kafka client of this process starts from."""
        settings = {"bootstrap.servers": self.bootstrap, **self.kafka_config}
        if self.kafka_password is not None:
            settings["sasl.password"] = self.kafka_password.get_secret_value()
        return settings


def load() -> Settings:
    """Read the environment. Raises SettingsError naming every wrong setting and what it takes."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"SHIPSYNC_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            f" (got {fault['input']!r})"
            for fault in error.errors()
        ]
        raise SettingsError("Wrong settings:\n  " + "\n  ".join(lines)) from error

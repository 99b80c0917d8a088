"""All settings, read once from ``SHIPSYNC_*`` (environment or ``.env``), in groups; every fault reported at once.

A setting is named by its variable (``SHIPSYNC_GATEWAY_PORT``), by its flat name (``gateway_port``, what tests and
commands give), and read as a field of its group (``settings.gateway.port``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_network
from os import environ
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from config.connections import KafkaSettings, RedisSettings, RegistrySettings
from config.documents import DocumentSettings
from config.mail import MailSettings
from config.outbound import BookingSettings, ErpSettings, FulfilmentSettings, OutboundSettings
from config.portal import PortalSettings
from config.setting_files import SUFFIX, read_files
from config.setting_group import PREFIX, Group, SettingsError, comma_separated
from config.sign_on import SignOnSettings
from config.ways_in import DropSettings, PollingSettings

ENV_FILE = Path(".env")
NOT_SETTINGS: Mapping[str, str] = {
    "SHIPSYNC_SAMPLES": "folder of real payloads that `make samples` reads",
    "SHIPSYNC_CASES": "folder of collected cases that `make cases` plays",
    "SHIPSYNC_REQUIRE_KAFKA": "1: tests on Apache Kafka fail where it cannot start",
    "SHIPSYNC_REQUIRE_BROWSER": "1: browser tests fail where Chromium cannot start",
    "SHIPSYNC_GOLDEN": "1: tests write the expected files anew instead of comparing",
}
"""Variables of ours that tests and make read; no process does."""
KUBERNETES_LINK = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_(TCP|UDP)")


class LogFormat(StrEnum):
    """How logs are written."""

    JSON = "json"
    CONSOLE = "console"


class Processing(StrEnum):
    """How a stage with state writes a chunk. ``auto``: exactly once where the cluster has transactions."""

    AUTO = "auto"
    AT_LEAST_ONCE = "at_least_once"
    EXACTLY_ONCE = "exactly_once"


class StateSettings(Group):
    """Local state."""

    data_dir: Path = Field(
        Path("var"), description="Local state, of one worker of each stage; losing it costs a replay, never data"
    )
    block_cache_bytes: int = Field(64 * 1024 * 1024, ge=1024 * 1024, description="RocksDB cache of one worker")


class StageSettings(Group):
    """Stage workers."""

    processing: Processing = Field(
        Processing.AUTO, description="auto: exactly_once where the cluster has transactions, else at_least_once"
    )
    session_timeout: float = Field(10.0, gt=0, description="Kafka group session time-out")
    rebalance_timeout: float = Field(15.0, gt=0, description="Kafka group rebalance time-out")
    commit_interval: float = Field(1.0, gt=0, description="Seconds between offset commits")
    fetch_bytes: int = Field(2 * 1024 * 1024, ge=1024, description="Most bytes of one partition fetched at once")
    fetch_min_bytes: int = Field(
        64 * 1024, ge=1, description="The broker gathers so many bytes, or 20 ms, before it answers; 1: embedded broker"
    )
    chunk_records: int = Field(5_000, ge=1, description="Most records handled as one chunk")
    drain_timeout: float = Field(10.0, gt=0, description="How long a stop waits for the chunk in progress")
    stuck_timeout: float = Field(60.0, gt=0, description="Lag without progress for so long stops the worker")
    record_seconds: float = Field(
        20.0, gt=0, description="A record, or a chunk of them, that is handled for longer ends the worker as a crash"
    )
    poison_after: int = Field(
        3, ge=1, description="Crashes over the same records before the one that causes them becomes a dead letter"
    )


class ProcessSettings(Group):
    """Processes: metrics and logs."""

    host: str = Field("127.0.0.1", description="Address our own HTTP endpoints bind to")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus port of this process; 0: none")
    log_format: LogFormat = Field(LogFormat.JSON, description="json or console")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    actor: str | None = Field(
        None, max_length=120,
        description="Who runs commands, for the audit trail, beside the user of the operating system and the host",
    )

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return level

    @field_validator("actor")
    @classmethod
    def _shown(cls, value: str | None) -> str | None:
        if value and not value.isprintable():
            raise ValueError("a name that can be shown is due")
        return value and value.strip()


class IntakeSettings(Group):
    """Feeds and carriers."""

    feeds: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Feeds this installation takes, comma separated; none named: all"
    )
    carriers_dir: Path | None = Field(
        None, description="Folder of this installation's own carriers, beside the packaged ones"
    )
    max_record_bytes: int = Field(4 * 1024 * 1024, ge=1024, description="Larger raw records become dead letters")
    dead_letter_share: float = Field(
        0.5, gt=0, le=1, description="More than this share of a feed's records as dead letters pauses it; 1: never"
    )
    dead_letter_least: int = Field(
        200, ge=1, description="Fewer dead letters than this within the window pause no feed"
    )
    dead_letter_window: float = Field(300.0, gt=0, description="Seconds over which a feed's dead letters are counted")
    dead_letter_unlimited: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Feeds that dead letters never pause, comma separated"
    )

    _split = field_validator("feeds", "dead_letter_unlimited", mode="before")(comma_separated)


class LifetimeSettings(Group):
    """Retention of shipments and references."""

    reference_span: float = Field(
        180 * 86_400.0, gt=0, description="Most seconds between a claim on a reference and an event it resolves"
    )
    archive_after_days: int = Field(
        60, ge=1, description="Days from the last report on a shipment that has ended to its archiving"
    )
    unsettled_after_days: int = Field(
        180, ge=1, description="The same, if an alert of it is open or no order has claimed it"
    )
    forget_after_days: int = Field(400, ge=1, description="Days until the stub of an archived shipment is forgotten")
    reuse_after_days: int = Field(
        45, ge=1, description="Days after a shipment's end from which its number may begin another shipment"
    )
    ordered_late_hours: int = Field(
        48, ge=0, description="Hours; a delivery that is older than its order by more is held back; 0: none is for that"
    )


class MonitoringSettings(Group):
    """Silent feeds and alerts."""

    feed_sweep_interval: float = Field(5.0, gt=0, description="Seconds between checks for what falls due by the clock")
    feed_stale_factor: float = Field(1.0, gt=0, description="Multiplies every feed's declared stale_after")
    holidays_file: Path | None = Field(
        None, description="Calendars of your own of days on which feeds may be silent, beside config/holidays.yaml"
    )
    alerts_file: Path | None = Field(None, description="Alert times, groups and routes, in place of config/alerts.yaml")


class GatewaySettings(Group):
    """HTTP gateway."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_GATEWAY_")

    port: int = Field(18080, ge=0, le=65535, description="Port of the HTTP gateway")
    ack_timeout: float = Field(5.0, ge=0.1, description="How long the gateway waits for Kafka before it answers 503")
    rate: int = Field(6_000, ge=1, description="Requests a minute of one carrier or client")
    open: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Feeds whose pushes are taken unsigned while no secret is set, comma separated; *: all"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks (CIDR) of proxies whose X-Forwarded-For and client certificate headers are believed"
    )
    unproven_rate: int = Field(
        60, ge=1, description="Requests a minute of one address that may fail their proof; more are answered 429"
    )
    connections: int = Field(512, ge=8, description="Open connections in all")
    peer_connections: int = Field(64, ge=1, description="Open connections of one address that is no trusted proxy")
    body_bytes: int = Field(
        128 * 1024 * 1024, ge=1024 * 1024,
        description="Bytes of requests' bodies held at once, a quarter of them of senders not proven yet",
    )
    idempotency: int = Field(86_400, ge=1, description="How long an Idempotency-Key is remembered")
    push_secrets: SecretStr | None = Field(
        None, validation_alias="SHIPSYNC_PUSH_SECRETS",
        description='Secrets carriers sign with (JSON): {"<feed>": "<secret>"}, or a list of them',
    )
    api_keys: SecretStr | None = Field(
        None, validation_alias="SHIPSYNC_API_KEYS",
        description='Keys of the clients of /v1/orders, /v1/wms, /v1/alerts and /v1/documents (JSON): '
        '{"orders": "<key>", "wms": ["<key>"], "alerts": "<key>"}',
    )

    _split = field_validator("open", "trusted_proxies", mode="before")(comma_separated)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError("use networks (CIDR), e.g. 10.0.0.0/8, comma separated") from None
        return value


@dataclass(frozen=True, init=False)
class Settings:
    """The settings of one installation, by group."""

    kafka: KafkaSettings
    registry: RegistrySettings
    redis: RedisSettings
    state: StateSettings
    stage: StageSettings
    process: ProcessSettings
    intake: IntakeSettings
    lifetimes: LifetimeSettings
    monitoring: MonitoringSettings
    gateway: GatewaySettings
    drop: DropSettings
    polling: PollingSettings
    portal: PortalSettings
    outbound: OutboundSettings
    mail: MailSettings
    erp: ErpSettings
    fulfilment: FulfilmentSettings
    documents: DocumentSettings
    bookings: BookingSettings
    sign_on: SignOnSettings
    files: Mapping[str, Path]
    """Flat name -> the file a secret was read from."""

    def __init__(self, *, _env_file: Path | None = ENV_FILE, **given: Any) -> None:
        """``given``: settings by flat name, before the environment and ``_env_file``; defaults for the rest.

        Raises SettingsError for values that are wrong (every one named), TypeError for a flat name that is none.
        """
        if unknown := given.keys() - SETTINGS.keys():
            raise TypeError(f"no settings: {', '.join(sorted(unknown))}")
        read, files, faults = _from_files(given, _env_file)
        object.__setattr__(self, "files", files)
        for group, kind in GROUPS.items():
            values = {
                SETTINGS[name].field: value for name, value in {**read, **given}.items()
                if SETTINGS[name].group == group
            }
            try:
                object.__setattr__(self, group, kind(_env_file=_env_file, **values))
            except ValidationError as error:
                faults += _faults(group, error)
        if faults:
            raise _refusal(faults)

    @property
    def given(self) -> frozenset[str]:
        """Flat names of what was set; the rest has its default."""
        groups = {name: getattr(self, name).model_fields_set for name in GROUPS}
        return frozenset(one.name for one in SETTINGS.values() if one.field in groups[one.group])

    def value(self, name: str) -> Any:
        """The setting of this flat name."""
        return getattr(getattr(self, SETTINGS[name].group), SETTINGS[name].field)

    def replace(self, **changed: Any) -> Settings:
        """A copy with these settings, by flat name; they are not checked again."""
        copy = object.__new__(Settings)
        for group in GROUPS:
            update = {SETTINGS[name].field: value for name, value in changed.items() if SETTINGS[name].group == group}
            object.__setattr__(copy, group, getattr(self, group).model_copy(update=update))
        object.__setattr__(copy, "files", {name: file for name, file in self.files.items() if name not in changed})
        return copy


@dataclass(frozen=True)
class Setting:
    """One setting: where it stands and what it is."""

    name: str
    """Flat name: the variable without its prefix, lower case."""
    group: str
    field: str
    info: FieldInfo

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    @property
    def secret(self) -> bool:
        """Whether its value is or may hold a secret: nothing shows it."""
        return "SecretStr" in str(self.info.annotation) or self.name == "kafka_config"

    @property
    def url(self) -> bool:
        """Whether its value is a URL, which may hold credentials: it is shown without them."""
        return self.name.endswith("_url")

    @property
    def file_variable(self) -> str | None:
        """The variable that names a file to read it from; None for what is no secret."""
        return self.variable + SUFFIX if self.secret or self.url else None


def _declared() -> Iterable[Setting]:
    for group, kind in GROUPS.items():
        for field, info in kind.model_fields.items():
            variable = info.validation_alias or f"{kind.model_config['env_prefix']}{field}"
            yield Setting(str(variable).removeprefix(PREFIX).lower(), group, field, info)


GROUPS: Mapping[str, type[Group]] = {
    name: kind for name, kind in get_type_hints(Settings).items() if name != "files"
}
"""Name of a group -> its class."""
SETTINGS: Mapping[str, Setting] = {one.name: one for one in _declared()}
"""Flat name -> the setting."""


def load() -> Settings:
    """Read the environment and ``.env``. Raises SettingsError naming every wrong or unknown setting."""
    unknown = _unknown()
    try:
        settings = Settings()
    except SettingsError as error:
        raise _refusal([*unknown, *error.faults]) from None
    if unknown:
        raise _refusal(unknown)
    return settings


def _variables(env_file: Path | None) -> dict[str, str | None]:
    """Every variable there is, in upper case; the environment counts before the file."""
    found = {} if env_file is None else dotenv_values(env_file)
    return {name.upper(): value for name, value in (*found.items(), *environ.items())}


def _from_files(
    given: Mapping[str, Any], env_file: Path | None
) -> tuple[dict[str, str], dict[str, Path], list[str]]:
    """Reads the settings that stand in files: values and files by flat name, and what is wrong with them."""
    names = {one.variable: one.name for one in SETTINGS.values() if one.file_variable and one.name not in given}
    values, files, faults = read_files(names, _variables(env_file))
    return (
        {names[variable]: value for variable, value in values.items()},
        {names[variable]: file for variable, file in files.items()}, faults,
    )


def _unknown() -> list[str]:
    """A fault for each ``SHIPSYNC_*`` variable that nothing reads."""
    known = {one.variable for one in SETTINGS.values()}
    known |= {one.file_variable for one in SETTINGS.values() if one.file_variable}
    names = _variables(ENV_FILE)
    faults = []
    for name in sorted(name for name in names if name.startswith(PREFIX) and name not in known | NOT_SETTINGS.keys()):
        near = get_close_matches(name.removeprefix(PREFIX), [one.upper() for one in SETTINGS], 1)
        if near:
            hint = f"did you mean {PREFIX}{near[0]}?"
        elif KUBERNETES_LINK.search(name):
            hint = "Kubernetes sets it for a Service of this name; set enableServiceLinks: false"
        else:
            hint = "`shipsync settings --markdown` lists all there are"
        faults.append(f"{name}: unknown; {hint}")
    return faults


def _faults(group: str, error: ValidationError) -> Iterable[str]:
    """A text for each fault. None repeats the value, which may be a secret in the wrong place."""
    for fault in error.errors(include_url=False, include_input=False):
        told = fault["msg"].removeprefix("Value error, ")
        if not fault["loc"]:
            yield told
            continue
        where = str(fault["loc"][0])
        one = next(s for s in SETTINGS.values() if s.group == group and where in (s.field, s.variable))
        yield f"{one.variable}: {told}"


def _refusal(faults: Sequence[str]) -> SettingsError:
    return SettingsError("Wrong settings:\n  " + "\n  ".join(faults), faults)

"""Declares how to reach Kafka, the schema registry and Redis: addresses, TLS and credentials."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from config.masking import credentials_in, without_credentials
from config.setting_group import Group, ReadableFile

_SASL = "sasl_"
_TLS = "ssl"


class KafkaProtocol(StrEnum):
    """How clients speak to the cluster: with TLS (``ssl``), with a login (``sasl``), both or neither."""

    PLAINTEXT = "plaintext"
    SSL = "ssl"
    SASL_PLAINTEXT = "sasl_plaintext"
    SASL_SSL = "sasl_ssl"


class Mechanism(StrEnum):
    """How clients log in to the cluster."""

    PLAIN = "PLAIN"
    SCRAM_256 = "SCRAM-SHA-256"
    SCRAM_512 = "SCRAM-SHA-512"


class KafkaSettings(Group):
    """Kafka and its topics."""

    bootstrap: str = Field("127.0.0.1:19092", description="Kafka bootstrap servers, comma separated")
    protocol: KafkaProtocol = Field(
        KafkaProtocol.PLAINTEXT, validation_alias="SHIPSYNC_KAFKA_PROTOCOL",
        description="plaintext, ssl, sasl_plaintext or sasl_ssl",
    )
    ca: ReadableFile = Field(
        None, validation_alias="SHIPSYNC_KAFKA_CA",
        description="File (PEM) of the authorities that may have signed the brokers' certificates; none: the system's",
    )
    certificate: ReadableFile = Field(
        None, validation_alias="SHIPSYNC_KAFKA_CERTIFICATE", description="File (PEM) of our certificate for the brokers"
    )
    key: ReadableFile = Field(
        None, validation_alias="SHIPSYNC_KAFKA_KEY", description="File (PEM) of that certificate's private key"
    )
    key_password: SecretStr | None = Field(
        None, validation_alias="SHIPSYNC_KAFKA_KEY_PASSWORD", description="Password of that private key"
    )
    mechanism: Mechanism = Field(
        Mechanism.SCRAM_512, validation_alias="SHIPSYNC_KAFKA_MECHANISM",
        description="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
    )
    username: str = Field("", validation_alias="SHIPSYNC_KAFKA_USERNAME", description="SASL user name")
    password: SecretStr | None = Field(
        None, validation_alias="SHIPSYNC_KAFKA_PASSWORD", description="SASL password"
    )
    config: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict, validation_alias="SHIPSYNC_KAFKA_CONFIG",
        description="Further librdkafka settings (JSON); they count before the settings above, but for the password",
    )
    register_schemas: bool = Field(
        True, description="Register our schemas at start; false where CI alone may register"
    )
    partitions: int = Field(4, ge=1, le=1000, description="Partitions of every keyed topic")
    replication: int = Field(1, ge=1, le=9, description="Replication factor of topics created here")

    @field_validator("config", mode="before")
    @classmethod
    def _json_object(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ValueError('use a JSON object, e.g. {"client.rack": "eu-1"}')
        return found

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        config = self.librdkafka()
        protocol = config["security.protocol"].lower()
        _both_or_none("SHIPSYNC_KAFKA", self.certificate, self.key)
        if not protocol.startswith(_SASL) and (self.username or self.password):
            raise ValueError("SHIPSYNC_KAFKA_PROTOCOL: use sasl_ssl, or user name and password have no effect")
        if not protocol.endswith(_TLS) and (self.ca or self.certificate):
            raise ValueError("SHIPSYNC_KAFKA_PROTOCOL: use ssl or sasl_ssl, or the certificates have no effect")
        if protocol.startswith(_SASL) and config["sasl.mechanism"] in set(Mechanism):
            for name, setting in (("sasl.username", "USERNAME"), ("sasl.password", "PASSWORD")):
                if not config.get(name):
                    raise ValueError(f"SHIPSYNC_KAFKA_{setting}: {protocol} needs it")
        return self

    def librdkafka(self) -> dict[str, str]:
        """The settings every confluent-kafka client of this process starts from."""
        settings = {"bootstrap.servers": self.bootstrap, "security.protocol": self.protocol.value}
        files = {"ssl.ca.location": self.ca, "ssl.certificate.location": self.certificate, "ssl.key.location": self.key}
        settings |= {name: str(path) for name, path in files.items() if path is not None}
        if self.username:
            settings |= {"sasl.mechanism": self.mechanism.value, "sasl.username": self.username}
        settings |= self.config
        if "sasl.mechanisms" in settings:
            settings["sasl.mechanism"] = settings.pop("sasl.mechanisms")
        if settings["security.protocol"].lower().startswith(_SASL):
            settings.setdefault("sasl.mechanism", self.mechanism.value)
        secrets = {"sasl.password": self.password, "ssl.key.password": self.key_password}
        return settings | {name: one.get_secret_value() for name, one in secrets.items() if one is not None}


class RegistrySettings(Group):
    """Schema registry."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_REGISTRY_")

    url: str = Field("http://127.0.0.1:18081", description="Confluent-compatible schema registry")
    username: str = Field("", description="User name there (HTTP basic)")
    password: SecretStr | None = Field(None, description="Password there")
    ca: ReadableFile = Field(
        None, description="File (PEM) of the authorities that may have signed its certificate; none: the system's"
    )
    certificate: ReadableFile = Field(None, description="File (PEM) of our certificate for the registry")
    key: ReadableFile = Field(None, description="File (PEM) of that certificate's private key")
    key_password: SecretStr | None = Field(None, description="Password of that private key")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return _url(value, "http", "https")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _both_or_none("SHIPSYNC_REGISTRY", self.certificate, self.key)
        if (self.ca or self.certificate) and not self.url.startswith("https:"):
            raise ValueError("SHIPSYNC_REGISTRY_URL: use https, or the certificates have no effect")
        return self

    def client(self) -> dict[str, str]:
        """The settings a Schema Registry client starts from; the URL in them is without credentials."""
        user, password = _login(self.url, self.username, self.password)
        found = {"url": without_credentials(self.url)}
        if user or password:
            found["basic.auth.user.info"] = f"{user}:{password}"
        files = {"ssl.ca.location": self.ca, "ssl.certificate.location": self.certificate, "ssl.key.location": self.key}
        found |= {name: str(path) for name, path in files.items() if path is not None}
        if self.key_password is not None and self.key is not None:
            found["ssl.key.password"] = self.key_password.get_secret_value()
        return found


class RedisSettings(Group):
    """Redis."""

    model_config = SettingsConfigDict(env_prefix="SHIPSYNC_REDIS_")

    url: str = Field("redis://127.0.0.1:16379/0", description="Redis or Valkey; rediss:// with TLS")
    username: str = Field("", description="User name there, where it has users (ACL)")
    password: SecretStr | None = Field(None, description="Password there")
    ca: ReadableFile = Field(
        None, description="File (PEM) of the authorities that may have signed its certificate; none: the system's"
    )
    certificate: ReadableFile = Field(None, description="File (PEM) of our certificate for Redis")
    key: ReadableFile = Field(None, description="File (PEM) of that certificate's private key")
    key_password: SecretStr | None = Field(None, description="Password of that private key")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return _url(value, "redis", "rediss")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _both_or_none("SHIPSYNC_REDIS", self.certificate, self.key)
        if (self.ca or self.certificate) and not self.url.startswith("rediss:"):
            raise ValueError("SHIPSYNC_REDIS_URL: use rediss, or the certificates have no effect")
        return self

    def client(self) -> dict[str, Any]:
        """The arguments of redis-py's ``from_url``; the URL in them is without credentials."""
        user, password = _login(self.url, self.username, self.password)
        found: dict[str, Any] = {
            "url": without_credentials(self.url), "username": user or None, "password": password or None
        }
        if self.url.startswith("rediss:"):
            files = {"ssl_ca_certs": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.key}
            found |= {name: str(path) for name, path in files.items() if path is not None}
            found |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
            if self.key_password is not None:
                found["ssl_password"] = self.key_password.get_secret_value()
        return found


def _login(url: str, username: str, password: SecretStr | None) -> tuple[str, str]:
    """User and password: what is set for itself, else what the URL holds."""
    user, secret = credentials_in(url)
    return username or user, secret if password is None else password.get_secret_value()


def _both_or_none(prefix: str, certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        missing = "KEY" if key is None else "CERTIFICATE"
        raise ValueError(f"{prefix}_{missing}: {prefix}_CERTIFICATE and {prefix}_KEY go together")


def _url(value: str, *schemes: str) -> str:
    """The URL, if it is one with scheme and host: a password with a slash in it would be taken for a path."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.path and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(f"use a URL like {schemes[-1]}://host:port, with the password in a setting of its own")
    return value

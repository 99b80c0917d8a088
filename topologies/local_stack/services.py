"""The embedded services as children of a stack: broker, Valkey and registry endpoint, on this machine alone."""

from __future__ import annotations

import signal
import sys
from functools import partial
from urllib.parse import urlsplit

from config.mail import MailSecurity
from config.masking import without_credentials
from config.settings import Settings
from connectors.embedded import valkey
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.inherited import inherited
from connectors.embedded.ports import HOST, is_free, listens, unused
from streams.kernel.errors import Fatal
from topologies.local_stack.child_process import ChildSpec
from topologies.local_stack.environment import without_secrets

SHIPSYNC = (sys.executable, "-m", "topologies.cli.main")
SESSION_SECONDS = 6.0
"""The embedded broker lets a group's first join take as long as this."""
HERE = frozenset({HOST, "localhost"})
URLS = {"SHIPSYNC_BOOTSTRAP": "//{0.kafka.bootstrap}", "SHIPSYNC_REGISTRY_URL": "{0.registry.url}",
        "SHIPSYNC_REDIS_URL": "{0.redis.url}"}
PORTS = len(URLS) + 2
"""How many ports the services, the gateway and the portal take."""


def on_ports(settings: Settings, ports: list[int]) -> Settings:
    """The settings with broker, registry, Valkey, gateway and portal on the first of these ports of this machine."""
    return settings.replace(
        bootstrap=f"{HOST}:{ports[0]}",
        registry_url=f"http://{HOST}:{ports[1]}",
        redis_url=f"redis://{HOST}:{ports[2]}/0",
        gateway_port=ports[3],
        portal_port=ports[4],
    )


def on_free_ports(settings: Settings) -> Settings:
    """The settings with every embedded service on a port nobody uses, for a stack beside others."""
    return on_ports(settings, unused(PORTS))


def for_the_embedded_broker(settings: Settings) -> Settings:
    """The settings with the group time-outs the embedded broker needs to let a group start soon, and no gathering of
    bytes there: it looks at its store now and then only."""
    return settings.replace(session_timeout=SESSION_SECONDS, rebalance_timeout=SESSION_SECONDS, fetch_min_bytes=1)


def with_an_open_gateway(settings: Settings) -> Settings:
    """The settings with unsigned pushes accepted from carriers without a secret, if only this machine can push.
    A given ``gateway_open`` stays."""
    if settings.process.host not in HERE or "gateway_open" in settings.given:
        return settings
    return settings.replace(gateway_open=("*",))


def with_private_endpoints(settings: Settings) -> Settings:
    """The settings with webhooks to this machine and its network allowed, for trials, if only this machine reaches the
    stack. A given ``outbound_private_addresses`` stays."""
    if settings.process.host not in HERE or "outbound_private_addresses" in settings.given:
        return settings
    return settings.replace(outbound_private_addresses=True)


def with_an_outbox(settings: Settings) -> Settings:
    """The settings with e-mail kept in an outbox of this machine, on a port nobody uses."""
    return settings.replace(mail_host=HOST, mail_port=unused(1)[0], mail_security=MailSecurity.NONE)


def children(settings: Settings) -> list[ChildSpec]:
    """The services to start. Raises Fatal for an address of another machine, a taken port or a missing wheel."""
    broker_port, registry_port, redis_port = (_port(settings, name) for name in URLS)
    return [
        ChildSpec(
            "broker", EmbeddedBroker(broker_port).command(), ready=partial(listens, broker_port),
            inherited=inherited, stop_signal=signal.SIGKILL, essential=True,
        ),
        ChildSpec(
            "valkey", valkey.command(redis_port), inherited=inherited, ready=partial(listens, redis_port)
        ),
        ChildSpec(
            "registry", [*SHIPSYNC, "registry"], without_secrets(settings), inherited=inherited,
            ready=partial(listens, registry_port),
        ),
    ]


def _port(settings: Settings, name: str) -> int:
    url = without_credentials(URLS[name].format(settings))
    parts = urlsplit(url)
    address = url.removeprefix("//")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.hostname not in HERE:
        raise Fatal(
            f"{name} names {address}, not this machine, where the embedded services run:"
            " use what is there with --external, or unset it"
        )
    if port is None:
        raise Fatal(f"{name} names no port: {address}")
    if not is_free(port):
        raise Fatal(
            f"port {port} is taken: free it, set {name} to another, or move everything with"
            " shipsync up --ports 21000"
        )
    return port

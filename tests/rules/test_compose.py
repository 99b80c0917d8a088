"""docker-compose.yml runs what the code declares, on the versions the tests run on.

No container engine is needed: the file is read, not run.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from config import apps
from config.settings import SETTINGS, Settings
from config.version import VERSION
from tests.support import kafka_jars
from tests.support.sources import ROOT
from tests.wheel import BUILT_FROM

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
STAGES = {name: service for name, service in OURS.items() if service["command"][0] == "stage"}
OTHERS = sorted(SERVICES.keys() - OURS.keys())


def published(service: str) -> dict[int, int]:
    """Port inside -> port on this machine; all bound to localhost."""
    local = re.compile(r"127\.0\.0\.1:(\d+):(\d+)")
    ports = [local.fullmatch(port) for port in SERVICES[service].get("ports", ())]
    return {int(found[2]): int(found[1]) for found in ports if found is not None}


def test_there_is_one_service_for_every_stage() -> None:
    assert {name: service["command"] for name, service in STAGES.items()} == {
        app.name: ["stage", app.name] for app in apps.APPS
    }


def test_the_rest_of_ours_makes_the_topics_once() -> None:
    others = {"topics", "gateway", "send", "send-alerts", "post", "book", "pull", "pull-documents", "views", "portal"}
    assert OURS.keys() - STAGES.keys() == others
    assert OURS["topics"]["command"] == ["topics", "--create"]
    assert OURS["topics"]["restart"] == "no"


def test_the_gateway_is_reached_on_the_port_it_listens_on() -> None:
    port = SETTINGS["gateway_port"].info.default
    assert OURS["gateway"]["command"] == ["gateway"]
    assert OURS["gateway"]["environment"]["SHIPSYNC_GATEWAY_PORT"] == str(port)
    assert published("gateway") == {port: port}


def test_the_portal_reads_what_the_follower_writes() -> None:
    port = SETTINGS["portal_port"].info.default
    assert (OURS["views"]["command"], OURS["portal"]["command"]) == (["views", "follow"], ["portal"])
    assert OURS["portal"]["environment"]["SHIPSYNC_PORTAL_PORT"] == str(port)
    assert published("portal") == {port: port}
    assert OURS["views"]["volumes"] == OURS["portal"]["volumes"][:1] == ["views:/var/lib/shipsync"]


def test_all_that_reach_the_store_of_documents_share_it() -> None:
    kept = {name for name, one in OURS.items() if "SHIPSYNC_DOCUMENTS_STORE" in one["environment"]}
    mounted = {
        name for name, one in OURS.items() if "kept-documents:/var/lib/shipsync-documents" in one.get("volumes", ())
    }
    assert kept == mounted == {"gateway", "post", "portal", "pull-documents"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_setting_it_passes_exists(name: str) -> None:
    environment = OURS[name]["environment"]
    known = {one.variable for one in SETTINGS.values()}
    assert environment.keys() - known == set()
    unset = {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)) for key, value in environment.items()}
    Settings(_env_file=None, **{key.removeprefix("SHIPSYNC_").lower(): value for key, value in unset.items()})


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_stage_starts_when_the_topics_are_there(name: str) -> None:
    assert STAGES[name]["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert STAGES[name]["depends_on"]["registry"] == {"condition": "service_healthy"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_process_of_ours_writes_to_its_data_folder_only_and_gains_no_rights(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service.keys().isdisjoint({"cap_add", "privileged"})


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_process_of_a_service_gains_rights(name: str) -> None:
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_stage_keeps_its_state_in_a_volume_of_its_own(name: str) -> None:
    assert STAGES[name]["volumes"] == [f"{name}:{STAGES[name]['environment']['SHIPSYNC_DATA_DIR']}"]
    assert name in COMPOSE["volumes"]


def test_every_volume_is_declared_and_used() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    assert {mount.partition(":")[0] for mount in mounts} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"topics"}))
def test_a_service_tells_whether_it_is_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"topics"}))
def test_a_process_of_ours_is_healthy_while_it_is_ready(name: str) -> None:
    environment = OURS[name]["environment"]
    port = environment.get(f"SHIPSYNC_{name.upper()}_PORT", environment["SHIPSYNC_METRICS_PORT"])
    assert f"http://127.0.0.1:{port}/readyz" in OURS[name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_it_waits_for_exists(name: str) -> None:
    assert SERVICES[name].get("depends_on", {}).keys() <= SERVICES.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_other_peoples_images_are_pinned_and_bound_to_this_machine(name: str) -> None:
    tag = SERVICES[name]["image"].partition(":")[2]
    assert re.match(r"\d", tag)
    assert len(published(name)) == len(SERVICES[name].get("ports", ()))


def test_kafka_is_the_version_the_tests_run_on() -> None:
    pinned = re.search(r"<kafka.version>(.+)</kafka.version>", kafka_jars.POM.read_text("utf-8"))
    assert pinned is not None
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{pinned[1]}"


def test_its_one_broker_is_no_kafka_that_leaves_transactions_open() -> None:
    version = SERVICES["kafka"]["image"].partition(":")[2]
    assert not version.startswith(("4.3.", "4.4.")), "KAFKA-20734: see docs/operations.md"


def test_kafka_makes_no_topic_by_itself() -> None:
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_our_image_carries_our_version() -> None:
    assert {service["image"] for service in OURS.values()} == {f"shipsync:{VERSION}"}


def test_commands_on_this_machine_reach_it_with_default_settings() -> None:
    defaults = {name: one.info.default for name, one in SETTINGS.items()}
    assert defaults["bootstrap"] == f"127.0.0.1:{published('kafka')[19092]}"
    assert f":{published('valkey')[6379]}/" in defaults["redis_url"]
    assert defaults["registry_url"].endswith(f":{published('registry')[8080]}")


def test_the_image_holds_every_package_and_runs_without_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8")
    assert "--require-hashes -r requirements/runtime.txt" in dockerfile
    copied = [name for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()]
    assert [name for name in copied if f"!{name}" not in ignored.splitlines()] == []
    assert {*BUILT_FROM} <= {name.rstrip("/") for name in copied}
    for folder in ("config", "streams", "connectors", "portal", "topologies", "avro"):
        assert f"COPY {folder}/ {folder}/" in dockerfile
        assert f"!{folder}/" in ignored
    assert re.search(r"^USER (?!root|0)", dockerfile, re.MULTILINE)
    assert 'ENTRYPOINT ["shipsync"]' in dockerfile

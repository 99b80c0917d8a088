"""Health, readiness, metrics, and the description of it all."""

from __future__ import annotations

from pathlib import Path

from connectors.kafka.log_writer import NotWritten
from tests.support.gateway import gateway


def test_a_gateway_with_a_broker_is_ready_and_one_without_is_healthy_alone(tmp_path: Path) -> None:
    one = gateway(tmp_path)
    assert one.client.get("/readyz").json() == {"status": "ready"}
    one.log.away = NotWritten("broker down")
    assert one.client.get("/healthz").status_code == one.client.get("/livez").status_code == 200
    answer = one.client.get("/readyz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_broker_without_the_topics_is_none(tmp_path: Path) -> None:
    one = gateway(tmp_path)

    async def nothing() -> frozenset[str]:
        return frozenset({"raw.acme.v1"})

    one.log.topics = nothing  # type: ignore[method-assign]
    assert "7 topics are missing, alert.actions.v1 among them" in one.client.get("/readyz").json()["detail"]


def test_requests_are_counted_by_route_and_refusals_by_code(tmp_path: Path) -> None:
    one = gateway(tmp_path, gateway_open="*")
    one.client.post("/v1/carriers/acme/events", content=b"{}", headers={"Content-Type": "application/json"})
    one.client.post("/v1/carriers/somebody/events")
    told = one.client.get("/metrics").text
    route = 'route="/v1/carriers/{carrier}/events"'
    assert f'shipsync_gateway_requests_total{{{route},status="202"}}' in told
    assert 'shipsync_gateway_refusals_total{code="unknown_carrier"}' in told
    assert 'shipsync_gateway_records_total{topic="raw.acme.v1"}' in told
    assert "somebody" not in told


def test_the_description_is_openapi_3_1_and_all_its_references_lead_somewhere(tmp_path: Path) -> None:
    told = gateway(tmp_path).client.get("/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert {"/v1/carriers/{carrier}/events", "/v1/orders", "/v1/wms/confirmations", "/healthz", "/readyz"} <= set(
        told["paths"]
    )
    references: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, dict):
            references.extend(value for key, value in node.items() if key == "$ref")
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(told)
    assert set(references) <= {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    orders = told["paths"]["/v1/orders"]["post"]
    assert orders["requestBody"]["content"]["application/json"]["schema"]["oneOf"][0]["$ref"].endswith("OrderDocument")
    assert orders["security"] == [{"key": []}]
    assert "application/problem+json" in orders["responses"]["503"]["content"]

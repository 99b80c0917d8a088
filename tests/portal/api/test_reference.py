"""``/docs`` works without anything from elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.portal import portal
from tools import descriptions


def test_the_page_and_all_it_asks_for_come_from_here(tmp_path: Path) -> None:
    one = portal(tmp_path)
    page = one.client.get("/docs")
    assert page.status_code == 200
    assert "'self'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text
    asked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [name for name in asked if not name.startswith("data:")]
    assert len(files) == 3
    for name in files:
        answer = one.client.get(name)
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["content-type"].split(";")[0] in ("text/javascript", "text/css")
    assert "url(http" not in one.client.get("/docs/swagger-ui.css").text
    start = one.client.get("/docs/start.js").text
    assert '"/openapi.json"' in start
    assert one.client.get("/openapi.json").status_code == 200


def test_the_description_is_of_openapi_3_1_with_an_id_and_an_example_for_each_operation(tmp_path: Path) -> None:
    told = portal(tmp_path).client.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    operations = {(path, method): one for path, methods in told["paths"].items() for method, one in methods.items()}
    assert len(operations) == 31
    assert len({one["operationId"] for one in operations.values()}) == len(operations)
    of_v1 = [one for (path, _), one in operations.items() if path.startswith("/v1/")]
    assert {str(one["security"]) for one in of_v1} == {"[{'key': []}]"}
    schemas = told["components"]["schemas"]
    for name in ("ShipmentDetail", "ShipmentBrief", "OrderBrief", "DeliveryDetail", "Alert", "Feed", "DeadLetter",
                 "RawMessage", "Action",
                 "Board", "Scorecard"):
        assert schemas[name]["examples"], name


def test_both_descriptions_are_written_for_the_linters(tmp_path: Path) -> None:
    descriptions.write(tmp_path)
    for name, path in (("gateway", "/v1/wms/confirmations"), ("portal", "/v1/shipments/{key}")):
        told = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        assert path in told["paths"]
        assert (told["openapi"], told["security"], told["servers"]) == ("3.1.0", [], [{"url": "/"}])

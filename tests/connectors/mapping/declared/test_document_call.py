"""A wrong ``document_call`` is refused with line, field and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.carriers import CarrierFileError, discover
from tests.connectors.mapping.test_loading import GOOD, write

CALL = """\
document_call:
  source: Acme's manual
  url: https://api.acme.example/pod/{tracking_number}
  authorisation: {kind: header, header: Api-Key}
  document: "message.files[0].data"
  numbers: 'A\\d+'
"""


def test_a_call_is_for_the_numbers_it_names(tmp_path: Path) -> None:
    [acme] = discover(write(tmp_path, GOOD + CALL))
    assert acme.document_call is not None
    assert [acme.document_call.is_for(one) for one in ("A1", "A1B", "B1")] == [True, False, False]
    assert acme.document_call.timeout_s == 30


@pytest.mark.parametrize(("old", "new", "field", "line", "says"), [
    ("https://api", "http://api", "url", 27, "give an https:// address"),
    ("/{tracking_number}", "/{number}", "url", 27, "{number} is not known; there is request_id, tracking_number"),
    ("/{tracking_number}", "", "url", 27, "neither url nor body holds {tracking_number}"),
    ("  document:", "  headers: {X-No: '{tracking_number}'}\n  document:", "headers.X-No", 29, "there is request_id"),
    ("  document:", "  body: '{tracking_number}'\n  document:", "method", 25, "a body goes with POST"),
    ("{kind: header, header: Api-Key}", "{kind: header}", "authorisation.header", 28, "name the header"),
    ("{kind: header, header: Api-Key}", "{kind: oauth2}", "authorisation.token_url", 28, "hands out tokens"),
    ("message.files[0].data", "files.data", "document", 29, "it must start with one of message"),
    ("message.files[0].data", "message", "document", 29, "names no field"),
    ("A\\d+", "A(", "numbers", 30, "is no regular expression"),
    ("  document:", "  timeout: soon\n  document:", "timeout", 29, "write 90s"),
    ("  document:", "  proof: a\n  document:", "proof", 29, "there is no such field"),
    ("  source: Acme's manual\n  url", "  url", "", 25, "source"),
])
def test_a_call_that_cannot_work_is_refused(
    tmp_path: Path, old: str, new: str, field: str, line: int, says: str
) -> None:
    assert old in CALL
    with pytest.raises(CarrierFileError) as raised:
        discover(write(tmp_path, GOOD + CALL.replace(old, new)))
    assert raised.value.field == f"document_call.{field}".removesuffix(".")
    assert (raised.value.line, says in raised.value.problem) == (line, True), raised.value


def test_an_aggregator_is_not_called(tmp_path: Path) -> None:
    text = GOOD.replace("carrier: acme", "carrier: {path: message.carrier}") + CALL
    with pytest.raises(CarrierFileError, match="aggregator is not asked"):
        discover(write(tmp_path, text))

"""A wrong ``document_call`` is refused with line, field and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.carriers import CarrierFileError, discover
from tests.support.acme import ACME, acme_in

CALL = """\
document_call:
  source: Acme's manual
  url: https://api.acme.example/pod/{tracking_number}
  authorisation: {kind: header, header: Api-Key}
  document: "message.files[0].data"
  numbers: 'A\\d+'
"""


def test_a_call_is_for_the_numbers_it_names(tmp_path: Path) -> None:
    [acme] = discover(acme_in(tmp_path, CALL))
    assert acme.document_call is not None
    assert [acme.document_call.is_for(one) for one in ("A1", "A1B", "B1")] == [True, False, False]
    assert acme.document_call.timeout_s == 30


@pytest.mark.parametrize(("old", "new", "field", "line", "says"), [
    ("https://api", "http://api", "url", 20, "give an https:// address"),
    ("/{tracking_number}", "/{number}", "url", 20, "{number} is not known; there is request_id, tracking_number"),
    ("/{tracking_number}", "", "url", 20, "neither url nor body holds {tracking_number}"),
    ("  document:", "  headers: {X-No: '{tracking_number}'}\n  document:", "headers.X-No", 22, "there is request_id"),
    ("  document:", "  body: '{tracking_number}'\n  document:", "method", 18, "a body goes with POST"),
    ("{kind: header, header: Api-Key}", "{kind: header}", "authorisation.header", 21, "name the header"),
    ("{kind: header, header: Api-Key}", "{kind: oauth2}", "authorisation.token_url", 21, "hands out tokens"),
    ("message.files[0].data", "files.data", "document", 22, "it must start with one of message"),
    ("message.files[0].data", "message", "document", 22, "names no field"),
    ("A\\d+", "A(", "numbers", 23, "is no regular expression"),
    ("  document:", "  timeout: soon\n  document:", "timeout", 22, "write 90s"),
    ("  document:", "  proof: a\n  document:", "proof", 22, "there is no such field"),
    ("  source: Acme's manual\n  url", "  url", "", 18, "source"),
])
def test_a_call_that_cannot_work_is_refused(
    tmp_path: Path, old: str, new: str, field: str, line: int, says: str
) -> None:
    assert old in CALL
    with pytest.raises(CarrierFileError) as raised:
        discover(acme_in(tmp_path, CALL.replace(old, new)))
    assert raised.value.field == f"document_call.{field}".removesuffix(".")
    assert (raised.value.line, says in raised.value.problem) == (line, True), raised.value


def test_an_aggregator_is_not_called(tmp_path: Path) -> None:
    text = ACME.replace("carrier: acme", "carrier: {path: message.carrier}")
    with pytest.raises(CarrierFileError, match="aggregator is not asked"):
        discover(acme_in(tmp_path, CALL, text))

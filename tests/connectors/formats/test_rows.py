"""Line by line: a bad line costs itself alone, and tables say which line it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats import rows
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason


def delimited(body: bytes, delimiter: str = ",", columns: tuple[str, ...] = ()) -> list[rows.Row]:
    return list(rows.delimited(body, delimiter, '"', columns, "utf-8"))


def reasons(found: list[rows.Row]) -> list[tuple[int, str]]:
    return [(number, one.reason.value) for number, one in found if isinstance(one, Reject)]


def test_every_line_of_ndjson_is_a_message_and_a_bad_one_costs_itself_alone() -> None:
    found = list(rows.ndjson(b'{"a":1}\n\nnope\r\n[{"b":2}]\n'))
    assert [one for one in found if not isinstance(one[1], Reject)] == [
        (1, {"a": 1}), (4, {"list": [{"b": 2}]}),
    ]
    assert reasons(found) == [(3, "malformed")]


def test_the_first_row_names_the_columns() -> None:
    body = b'\xef\xbb\xbfPRO No.,City;Name\n"12,3",Linz\n\n'
    assert delimited(body) == [(2, {"PRO_No": "12,3", "City;Name": "Linz"})]


def test_named_columns_leave_every_row_to_the_data() -> None:
    assert delimited(b"1;x\n2;y\n", ";", ("pro", "code")) == [
        (1, {"pro": "1", "code": "x"}), (2, {"pro": "2", "code": "y"}),
    ]


def test_a_row_with_too_many_columns_breaks_the_contract_and_the_next_goes_on() -> None:
    found = delimited(b"a,b\n1,2,3\n4,5\n")
    assert reasons(found) == [(2, "contract_broken")]
    assert found[-1] == (3, {"a": "4", "b": "5"})


def test_a_quote_that_is_never_closed_is_said() -> None:
    assert reasons(delimited(b'a,b\n1,2\n"3,4\n')) == [(3, "malformed")]


def test_what_is_not_in_the_encoding_is_no_text() -> None:
    with pytest.raises(Reject) as refused:
        delimited(b"a,b\n\xff,2\n")
    assert refused.value.reason is RejectReason.NOT_TEXT
    assert list(rows.delimited(b"a\n\xe9\n", ",", '"', (), "latin-1")) == [(2, {"a": "é"})]


def test_fixed_columns_are_cut_by_their_widths() -> None:
    found = list(rows.fixed(b"AB12 D  \nAB\n\nAB12 DELIVERED\n", (2, 3, 3), ("scac", "pro", "code"), "ascii"))
    assert found[:2] == [(1, {"scac": "AB", "pro": "12 ", "code": "D  "}), (2, {"scac": "AB", "pro": "", "code": ""})]
    assert reasons(found) == [(4, "contract_broken")]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(table=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6))
def test_what_a_table_writer_writes_is_read_back(table: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    written = delimited(out.getvalue().encode(), ",", ("a", "b", "c"))
    found = [list(one.values()) for _, one in written if isinstance(one, dict)]
    assert found == [row for row in table if any(cell.strip() for cell in row)]


@given(body=st.binary(max_size=200))
def test_any_bytes_are_rows_or_refused(body: bytes) -> None:
    assert all(isinstance(one, dict | Reject) for _, one in rows.ndjson(body))
    assert all(isinstance(one, dict | Reject) for _, one in rows.delimited(body, ",", '"', (), "latin-1"))

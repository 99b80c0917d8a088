from __future__ import annotations

import pytest

from streams.kernel import errors
from streams.kernel.errors import Fatal, Reject, ShipSyncError, Transient
from streams.kernel.vocabulary import RejectReason


def test_the_tree_is_what_its_docstring_draws() -> None:
    assert set(ShipSyncError.__subclasses__()) >= {Reject, Transient, Fatal}
    tree = (ShipSyncError, Reject, Transient, Fatal)
    assert [kind.__name__ for kind in tree if kind.__name__ not in (errors.__doc__ or "")] == []


@pytest.mark.parametrize(
    ("reject", "text"),
    [
        (Reject(RejectReason.EMPTY, "no bytes"), "empty: no bytes"),
        (Reject(RejectReason.INVALID_TIME, "no hour", "a.b[0]"), "invalid_time: no hour (at a.b[0])"),
    ],
)
def test_a_reject_says_why_what_and_where(reject: Reject, text: str) -> None:
    assert str(reject) == text

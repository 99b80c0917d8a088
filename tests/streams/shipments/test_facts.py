"""The facts of a number: searched by id, and told apart by what they link to."""

from streams.kernel.vocabulary import LinkKind
from streams.shipments.facts import Child, Facts, Parent, is_tied, place_of


def test_an_id_is_found_only_where_an_id_begins() -> None:
    first, second = bytes(16), bytes(15) + b"\x01"
    assert place_of(first + second, second) == 1
    assert place_of(b"\x01" + bytes(15) + bytes(16), bytes(16)) == 1
    across = bytes(range(16))
    assert place_of(b"x" + across + b"x" * 15, across) == -1
    assert place_of(b"x" + across + b"x" * 15 + across, across) == 2
    assert place_of(b"", first) == -1


def test_a_number_is_tied_by_its_children_and_by_links_that_are_not_withdrawn() -> None:
    assert not is_tied(Facts("north", "N100"))
    assert is_tied(Facts("north", "N100", children=(Child("north:P1", LinkKind.PIECE),)))
    assert is_tied(Facts("north", "N100", parents=(Parent("north:M1", LinkKind.PIECE, 1),)))
    assert not is_tied(Facts("north", "N100", parents=(Parent("north:M1", LinkKind.PIECE, 1, withdrawn=True),)))

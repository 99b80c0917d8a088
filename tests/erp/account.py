"""Reads what the ERP holds of each shipment, from its own database, and where that is not what was told."""

from __future__ import annotations

from typing import NamedTuple

from streams.contracts.model import Order
from tests.erp.scene import Story, Told
from tests.erp.tryton_server import TrytonServer

QUERY = """
SELECT s.number, s.state,
  (SELECT count(*) FROM stock_package p
    WHERE p.shipment = 'stock.shipment.out,' || s.id AND p.shipping_reference = '1Z' || s.number),
  (SELECT count(*) FROM ir_attachment a
    WHERE a.resource = 'stock.shipment.out,' || s.id AND a.name LIKE 'Proof of delivery %'),
  (SELECT count(DISTINCT i.id) FROM account_invoice i JOIN account_invoice_line l ON l.invoice = i.id
    JOIN "account_invoice_line-stock_move" x ON x.invoice_line = l.id JOIN stock_move m ON m.id = x.stock_move
    WHERE m.shipment = 'stock.shipment.out,' || s.id AND l.quantity > 0 AND i.state IN ('posted', 'paid')),
  (SELECT count(DISTINCT i.id) FROM account_invoice i JOIN account_invoice_line l ON l.invoice = i.id
    JOIN "account_invoice_line-stock_move" x ON x.invoice_line = l.id JOIN stock_move m ON m.id = x.stock_move
    WHERE m.shipment = 'stock.shipment.out,' || s.id AND l.quantity < 0 AND i.state IN ('posted', 'paid')),
  (SELECT count(DISTINCT r.id) FROM stock_shipment_out_return r
    JOIN stock_move m ON m.shipment = 'stock.shipment.out.return,' || r.id
    JOIN stock_move o ON m.origin = 'stock.move,' || o.id
    WHERE o.shipment = 'stock.shipment.out,' || s.id AND r.state = 'done')
FROM stock_shipment_out s
"""
TWICE = """
SELECT split_part(message, ' ', 2), count(*) FROM ir_note WHERE message LIKE 'shipsync %' GROUP BY 1 HAVING count(*) > 1
"""


NOTED = """
SELECT s.number, coalesce(s.shipping_reference, ''), coalesce(string_agg(split_part(n.message, ' ', 3), ' '
  ORDER BY n.id), '')
FROM stock_shipment_out s
LEFT JOIN ir_note n ON n.resource = 'stock.shipment.out,' || s.id AND n.message LIKE 'shipsync msg_%'
GROUP BY s.id, s.number
"""
NOTICES = ("booked", "exception_opened", "exception_closed")
ANEW = ("booked", "booking_cancelled", *NOTICES)
"""The notices of a delivery: those of a booking that was cancelled before it could be told are not there."""


class Held(NamedTuple):
    """One shipment in the ERP: how often there is what must be there once. ``packages``: with its carrier's number;
    ``invoices``: posted; ``credits``: posted credit notes; ``returns``: customer returns that are done."""

    state: str
    packages: int
    proofs: int
    invoices: int
    credits: int
    returns: int


EXPECTED = {
    Story.DELIVERED: Held("done", 1, 1, 1, 0, 0),
    Story.RETURNED: Held("done", 1, 1, 1, 0, 1),
    Story.CONFIRMED_AGAIN: Held("done", 1, 1, 1, 1, 0),
    Story.PROOF_REPLACED: Held("done", 1, 1, 1, 0, 0),
    Story.NEVER_LEFT: Held("cancelled", 1, 0, 0, 0, 0),
    Story.INVOICED_IN_ERROR: Held("done", 1, 1, 1, 1, 0),
}
ALSO_RIGHT = {
    Story.NEVER_LEFT: (Held("waiting", 0, 0, 0, 0, 0), Held("packed", 0, 0, 0, 0, 0)),
    Story.CONFIRMED_AGAIN: (Held("done", 1, 1, 1, 0, 0),),
}
"""Where what is taken back had not been tried: the ERP never hears of it."""
BOOKED_ONLY = Held("packed", 1, 0, 0, 0, 0)
"""The same, of a shipment that was packed and whose package bears the number of its booking."""


def held(server: TrytonServer) -> dict[str, Held]:
    """Every shipment by its number."""
    return {number: Held(state, *map(int, counts)) for number, state, *counts in server.query(QUERY)}


def faults(told: list[Told], found: dict[str, Held]) -> list[str]:
    """A line for each order of which the ERP does not hold what it should."""
    wrong = []
    for one in told:
        there = found.get(one.order.shipment)
        right = [EXPECTED[one.story], *ALSO_RIGHT.get(one.story, ())]
        if one.story is Story.NEVER_LEFT and one.notices:
            right.append(BOOKED_ONLY)
        if there not in right:
            wrong.append(f"shipment {one.order.shipment} ({one.story.value}): {there}, not {right[0]}")
    return wrong


def all_faults(told: list[Told], server: TrytonServer) -> list[str]:
    """A line for each order, and for each posting, of which the ERP does not hold exactly what was told."""
    return [*faults(told, held(server)), *noted_twice(server), *ill_noticed(told, server)]


def misread(told: list[Told], read: dict[str, Order], found: dict[str, Held]) -> list[str]:
    """A line for each order that was not read as the ERP has it. ``found``: the shipments by then."""
    wrong = []
    for one in told:
        there = read.get(one.order.sale)
        ended = one.order.shipment in found and found[one.order.shipment].state == "cancelled"
        expected = (one.order.customer, float(one.order.amount), [] if ended else [one.order.shipment])
        seen = there and (there.customer_id, there.value, [line.delivery_id for line in there.shipments])
        if seen != expected:
            wrong.append(f"order {one.order.sale} was read as {seen}, not {expected}")
    return wrong


def ill_noticed(told: list[Told], server: TrytonServer) -> list[str]:
    """A line for each order of which the ERP has not exactly the notices that were told. A shipment that was cancelled
    meanwhile bears whatever it bore then."""
    found = {number: (reference, tuple(kinds.split())) for number, reference, kinds in server.query(NOTED)}
    wrong = []
    for one in told:
        reference, kinds = found[one.order.shipment]
        bears_it = reference == f"1Z{one.order.shipment}" or one.story is Story.NEVER_LEFT
        right = kinds in (NOTICES, ANEW) and bears_it if one.notices else not kinds
        if not right:
            wrong.append(f"shipment {one.order.shipment} bears {reference} and has notices {' '.join(kinds) or 'none'}")
    return wrong


def noted_twice(server: TrytonServer) -> list[str]:
    """A line for each posting of which the ERP has more than one note."""
    return [f"posting {key} is noted {count} times" for key, count in server.query(TWICE)]

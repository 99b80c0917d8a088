"""Bookings: a released and packed delivery gets a carrier, its number and, later, a checked freight invoice.

Reads ``delivery.releases``, ``wms.confirmations``, ``booking.answers``, ``booking.decisions`` and ``freight.invoices``;
writes ``carrier.bookings``, ``order.references``, ``reference.claims``, ``erp.notices`` and ``alert.signals``. Owns
``booking.state``.
"""

"""Fulfilment: facts about an ERP delivery become postings, each posted once, when the customer's policy lets it go.

Reads ``delivery.milestones``, ``wms.confirmations``, ``carrier.bookings``, ``document.chases`` and
``fulfilment.decisions``; writes ``erp.postings`` and ``alert.signals``. Owns ``fulfilment.state``.
"""

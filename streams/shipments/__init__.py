"""Shipments: one record a shipment; its history, status, orders and what its readers are told.

Reads ``carrier.events``, ``order.references``, ``shipment.links`` and ``shipment.adoptions``; writes
``shipment.events``, ``customer.updates``, ``delivery.milestones``, ``erp.notices``, ``alert.signals``,
``shipment.adoptions`` and ``shipment.dwells``. Owns ``shipment.state``.
"""

"""Norms: how long shipments usually stay in a status, learnt from completed dwells.

Reads ``shipment.dwells``. Owns ``dwell.norms``.
"""

"""Norms: how long shipments usually stay in a status, learnt from those that ended.

Reads ``shipment.dwells``. Owns ``dwell.norms``.
"""

"""Orders: each ERP order's newest version becomes its claims on shipments.

Reads ``erp.orders`` and ``master.data``; writes ``order.references`` and ``reference.claims``. Owns ``order.state``.
"""

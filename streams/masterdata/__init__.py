"""Master data: carriers' and customers' names, and people's decisions on references and links.

Reads ``master.data``; writes ``reference.claims`` and ``shipment.links`` (in the orders stage).
"""

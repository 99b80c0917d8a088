"""The HTTP gateway: what carriers, the ERP and the warehouse push goes to Kafka before they are told that it is taken.

``app.py`` puts it together; ``carriers.py``, ``orders.py`` and ``confirmations.py`` are the endpoints.
"""

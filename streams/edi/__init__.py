"""EDI: what was sent to partners against what they acknowledged.

Reads ``edi.interchanges`` and ``edi.acknowledgements``; writes ``alert.signals``. Owns ``edi.state``.
"""

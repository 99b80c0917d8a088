"""EDI: which interchanges we sent, and which of them partners acknowledged, rejected or left unanswered.

Reads ``edi.interchanges`` and ``edi.acknowledgements``; writes ``alert.signals``. Owns ``edi.state``.
"""

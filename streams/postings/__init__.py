"""Postings: what ERPs are to write of each delivery. Reads ``erp.postings``, ``posting.decisions`` and
``posting.attempts``; writes ``posting.requests`` and ``posting.outcomes``. Owns ``posting.state``.
"""

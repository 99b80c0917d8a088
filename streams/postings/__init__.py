"""Postings: what ERPs are to write of each delivery, and notices: what else they are told. Reads ``erp.postings``,
``erp.notices``, ``posting.decisions`` and ``posting.attempts``; writes ``posting.requests`` and ``posting.outcomes``.
Owns ``posting.state``.
"""

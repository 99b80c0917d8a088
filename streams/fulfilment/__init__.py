"""Fulfilment: facts about an ERP delivery become postings, each posted once.

Reads ``delivery.milestones``; writes ``erp.postings``. Owns ``fulfilment.state``.
"""

"""Tryton 8: postings into a standard server over its JSON-RPC, with no module of our own in it."""

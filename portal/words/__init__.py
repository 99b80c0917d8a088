"""Texts that people read: alerts and next actions, the tower's terms, what customers are told in their language, and
times."""

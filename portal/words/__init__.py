"""Texts that people read: alerts and next actions, the tower's terms, and what customers are told in their language."""

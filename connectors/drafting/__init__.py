"""Drafts a ``carrier.yaml`` from whole samples; every guess is marked ``guess:`` until a person has settled it."""

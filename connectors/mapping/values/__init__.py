"""Parsers of single values: times, places, check digits, GS1 keys and carrier names."""

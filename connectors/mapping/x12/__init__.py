"""ANSI X12 transaction sets (214, 210, 856, 990, 997 ...) into canonical events and acknowledgements."""

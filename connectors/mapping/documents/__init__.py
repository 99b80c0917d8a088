"""A carrier's JSON, XML or row, read by the paths its ``carrier.yaml`` declares, into canonical events."""

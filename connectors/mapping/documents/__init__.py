"""Maps a carrier's JSON, XML and table rows to canonical events by the paths that its ``carrier.yaml`` declares."""

"""Stand-ins with the behaviour of the real thing."""

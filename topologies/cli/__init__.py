"""The ``shipsync`` command: one module per subcommand, each exposing ``command``."""

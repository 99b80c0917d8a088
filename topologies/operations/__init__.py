"""The work behind the commands: inspect, dry run, send, import, act. Each module returns data; ``cli/`` prints it."""

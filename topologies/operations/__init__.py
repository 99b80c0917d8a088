"""What the command line does: inspect, try, send, import, act. Each returns data; ``cli/`` prints it."""

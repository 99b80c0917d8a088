"""The schema of ``carrier.yaml`` and its checks; errors name file, line, field and fix."""

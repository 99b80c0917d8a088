"""What a ``carrier.yaml`` may say, checked, with errors that name the line and the fix."""

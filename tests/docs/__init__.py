"""Tests that hold pages of ``docs/`` to the code."""

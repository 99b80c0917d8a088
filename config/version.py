"""The version of ShipSync, stated once."""

VERSION = "0.1.0"

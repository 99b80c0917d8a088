"""Bookings with carriers: JSON over HTTP, X12 204 and EDIFACT IFTMIN out, by the rules of one file."""

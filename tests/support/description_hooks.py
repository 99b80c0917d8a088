"""Our formats, as schemathesis makes them: a time that is valid, and still to come (a snooze needs such an end)."""

from __future__ import annotations

from datetime import datetime

import schemathesis
from hypothesis import strategies

FIRST, LAST = datetime.fromisoformat("2030-01-01"), datetime.fromisoformat("2099-12-31")
schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(FIRST, LAST).map(lambda at: f"{at.isoformat()}Z"),
)

"""Sends through Apprise: e-mail, and every other service it has a URL for. It is imported with the first message.

Apprise says only whether it worked, and why not in its log; what it logs is the answer. It knows no end of an incident,
so PagerDuty and Opsgenie are called without it (``bodies.py``).
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from connectors.outbound.answers import Answer, answer_of, shown, unavailable
from streams.kernel.vocabulary import AttemptResult

_CODE = re.compile(r"error=(\d{3})")
_LOG = "%(message)s"
LOOKS = "Apprise"


async def send(url: str, subject: str, lines: list[str], now_ms: int, timeout: float) -> Answer:
    """Make one attempt; its result, whatever happens. ``timeout``: seconds; ``now_ms``: UTC."""
    try:
        async with asyncio.timeout(timeout):
            return await asyncio.to_thread(_send, url, subject, lines, now_ms)
    except TimeoutError:
        return unavailable(f"no answer within {timeout:g} s")


def _send(url: str, subject: str, lines: list[str], now_ms: int) -> Answer:
    import apprise

    target = apprise.Apprise()
    with apprise.LogCapture(level=apprise.logging.INFO, fmt=_LOG) as log:
        if not target.add(url):
            return unavailable("the URL is none that Apprise knows")
        done = bool(target.notify(
            title=subject, body="\n".join(lines) or subject, body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        ))
        told = shown(_words(log))
    if done:
        return Answer(AttemptResult.ACCEPTED, told or "sent")
    code = _CODE.search(told)
    return unavailable(told or "it was not taken") if code is None else answer_of(
        int(code[1]), None, told.encode(), now_ms
    )


def _words(log: Any) -> str:
    return str(log.getvalue())

"""Whether this worker still has its place in the consumer group, known not longer than it is safe to know it.

A process that was frozen has not heard that the group put it out and gave its partitions to others; what it then
writes would overwrite what they wrote. So an answer of the broker counts for half a session time-out from when it
was asked for: for so long at the least the group keeps a member it hears nothing of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

Ask = Callable[[], Awaitable[bool]]


class Membership:
    """This worker's place in the group. ``ask``: asks the broker; None where there is no group (tests).

    ``session_timeout`` in seconds. ``clock``: seconds, goes on while the process is frozen.
    """

    def __init__(self, session_timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.ask: Ask | None = None
        self._session_timeout = session_timeout
        self._clock = clock
        self._until = float("-inf")

    def forget(self) -> None:
        """The assignment changed, or we were fenced: the next question goes to the broker."""
        self._until = float("-inf")

    async def holds(self) -> bool:
        """Whether this worker may write now; asks the broker where the last answer is too old."""
        return self._known() or await self.confirmed()

    async def confirmed(self) -> bool:
        """Ask the broker, whatever is known. No answer within a session time-out is a no."""
        if self.ask is None:
            return True
        asked_at = self._clock()
        try:
            still = await asyncio.wait_for(self.ask(), self._session_timeout)
        except TimeoutError:
            still = False
        self._until = asked_at + self._session_timeout / 2 if still else float("-inf")
        return still

    def holds_for(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Asks ``holds`` from another thread than that of the event loop."""
        return self._known() or self.confirmed_for(loop)

    def confirmed_for(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Asks ``confirmed`` from another thread than that of the event loop; a no where that one turns no more."""
        asked = asyncio.run_coroutine_threadsafe(self.confirmed(), loop)
        try:
            return asked.result(2 * self._session_timeout)
        except TimeoutError:
            asked.cancel()
            return False

    def _known(self) -> bool:
        return self.ask is None or self._clock() < self._until

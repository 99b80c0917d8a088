"""Common to every action of a page: who may, the form it comes with, and what is said where it fails."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request

from portal.pages.forms import from_here, read
from portal.pages.templates import NoPage
from portal.sign_in.people import Person, Role
from streams.kernel.errors import Fatal, Transient

MOST_NOTE, MOST_NAME = 1_000, 120
T = TypeVar("T")


async def form_of(request: Request, who: Person, *roles: Role) -> dict[str, str]:
    """The fields of the form. Raises NoPage: 403 for another site's form, and for who has none of the roles."""
    from_here(request)
    check(who, *roles)
    return await read(request)


def check(who: Person, *roles: Role) -> None:
    """Raises NoPage 403 for who has none of the roles."""
    if not who.may(*roles):
        needed = " or ".join(roles)
        raise NoPage("You may look, but not act", f"Ask an administrator for the role {needed}.", status=403)


async def done(work: Callable[[], T]) -> T:
    """The result of the work, done in a thread. Raises NoPage: 503 where Kafka does not take it, 409 where there is
    nothing to act on any more."""
    return await asyncio.to_thread(done_here, work)


def done_here(work: Callable[[], T]) -> T:
    """As :func:`done`, in this thread."""
    try:
        return work()
    except Transient as error:
        raise NoPage("The action was not taken", f"Kafka did not accept it: {error}. Try again.", status=503) from error
    except Fatal as error:
        raise NoPage("There is nothing to act on", f"Somebody may have acted before you: {error}.", status=409) \
            from error


def reason_in(form: dict[str, str]) -> str:
    """The reason that was given. Raises NoPage 400 without one."""
    reason = form.get("reason", "")[:MOST_NOTE]
    if not reason:
        raise NoPage("Why?", "Give the reason: it is kept with the action.", status=400)
    return reason


def way_back(form: dict[str, str], otherwise: str) -> str:
    """The page of ours that the form was sent from, never one that leads elsewhere."""
    back = form.get("back", "")
    return back if re.fullmatch(r"/tower([/?][^\\\s]*)?", back) is not None else otherwise

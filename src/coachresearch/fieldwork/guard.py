"""What every request and every answer must obey, whatever the page: sizes, origin, headers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 512_000
"""Bytes of a posted page; a form of 100 own words of 1,000 letters has room."""
SLOWEST_BODY = 20.0
"""Seconds in which a posted page must have come in."""

_HEADERS = (
    ("content-security-policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
                                "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)

Say = Callable[[str, int], Response]
"""Makes the page of a sentence (its code) and a status."""


class Guard:
    """Wrap an application: refuse what is too large, too slow or from elsewhere, and set the strict headers.

    Parameters
    ----------
    app : ASGIApp
    say : function
        Makes the page of a refusal.
    largest : int
        Bytes of a body.
    slowest : float
        Seconds in which a body must have come in.
    """

    def __init__(self, app: ASGIApp, say: Say, *, largest: int = LARGEST_BODY, slowest: float = SLOWEST_BODY) -> None:
        self._app = app
        self._say = say
        self._largest = largest
        self._slowest = slowest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            await self._app(scope, receive, strict)
            return
        headers = Headers(scope=scope)
        if not from_here(headers):
            await self._say("web.elsewhere", 403)(scope, receive, strict)
            return
        body = await self._body(headers, receive)
        if isinstance(body, int):
            code = "web.too_large" if body == 413 else "web.malformed"
            answer = self._say(code, body)
            answer.headers["connection"] = "close"
            await answer(scope, receive, strict)
            return
        given = iter((body,))

        async def once() -> Message:
            part = next(given, None)
            return {"type": "http.disconnect"} if part is None else {"type": "http.request", "body": part}

        await self._app(scope, once, strict)

    async def _body(self, headers: Headers, receive: Receive) -> bytes | int:
        """Read a body; the status of the refusal if it is too large, too slow or not whole."""
        stated = headers.get("content-length", "")
        if stated.isdecimal() and (len(stated) > 12 or int(stated) > self._largest):
            return 413
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._slowest):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return 400
                    size += len(message.get("body", b""))
                    if size > self._largest:
                        return 413
                    parts.append(message.get("body", b""))
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            return 408


def from_here(headers: Headers) -> bool:
    """Whether a request that may change something comes from one of our own pages.

    A browser says where a posted form stood, in ``Origin`` or ``Sec-Fetch-Site``; what says neither is refused.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    if origin is None:
        return site is not None
    try:
        place = urlsplit(origin).netloc
    except ValueError:
        return False
    return place != "" and place.lower() == headers.get("host", "").lower()


class Guesses:
    """Count the unknown tokens that came from each address, over a sliding window.

    Only those that are wrong are counted, so that people behind the same address are still served by their links.

    Parameters
    ----------
    limit : int
        How many wrong ones an address may send within the window.
    window : float
        Seconds.
    clock : function
        Seconds that only grow.
    """

    _ADDRESSES = 10_000

    def __init__(self, limit: int, window: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Note one more wrong token, and say whether the limit is passed."""
        now = self._clock()
        began, count = self._seen.pop(address, (now, 0))
        if now - began > self._window:
            began, count = now, 0
        self._seen[address] = (began, count + 1)
        while len(self._seen) > self._ADDRESSES:
            self._seen.popitem(last=False)
        return count + 1 > self._limit

"""Who may ask this server: the checks every request passes before anything else is looked at.

A page of another site can make a browser send requests to a local server, directly or after
pointing its own name at this address. The Host header then names that site, and the Origin header
is not ours. Beyond loopback, a secret in the address is needed too.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

TOKEN_PARAMETER: Final = "token"
_OWN_SITE: Final = ("same-origin", "none")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a request needs: a host of ours in its address, and the token where there is one.

    `names` are host names beside those of loopback. `beyond_loopback` allows every address that is
    written in digits: another site's name cannot be one.
    """

    token: str | None = None
    names: frozenset[str] = frozenset()
    beyond_loopback: bool = False


def access_for(host: str | None) -> Access:
    """Return the access of a server that listens on a host; None is loopback without a token."""
    if host is None:
        return Access()
    names = {host, socket.gethostname(), socket.getfqdn()}
    return Access(
        token=secrets.token_urlsafe(32),
        names=frozenset(name.lower() for name in names),
        beyond_loopback=True,
    )


def is_our_host(header: str, access: Access) -> bool:
    """Say whether a Host header names this server.

    Example:
        >>> is_our_host("localhost:8765", Access()), is_our_host("evil.example", Access())
        (True, False)
        >>> is_our_host("192.0.2.7:8765", Access(token="t", beyond_loopback=True))
        True
    """
    try:
        name = (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return False
    if name == "localhost" or name in access.names:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or access.beyond_loopback


def is_our_page(headers: Mapping[str, str], *, is_navigation: bool) -> bool:
    """Say whether a request can come from a page of this server, or from no page at all.

    Example:
        >>> is_our_page({"Host": "localhost:1", "Origin": "http://localhost:1"},
        ...             is_navigation=False)
        True
        >>> is_our_page({"Host": "localhost:1", "Origin": "http://localhost:2"},
        ...             is_navigation=False)
        False
    """
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("Host", "").lower():
        return False
    return is_navigation or headers.get("Sec-Fetch-Site", "same-origin") in _OWN_SITE


def guard(access: Access) -> Middleware:
    """Return the middleware that turns away every other request."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_navigation = request.method == "GET" and request.path == "/"
        if not is_our_host(request.host, access):
            raise web.HTTPForbidden(text="This address is not the server's own.")
        if not is_our_page(request.headers, is_navigation=is_navigation):
            raise web.HTTPForbidden(text="The request comes from another site.")
        if request.method in ("POST", "PUT") and request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="JSON is expected.")
        if access.token is None:
            return await handler(request)
        if is_navigation and _is_same(request.query.get(TOKEN_PARAMETER), access.token):
            return _with_cookie(request, access.token)
        if not _is_same(request.cookies.get(cookie_name(request)), access.token):
            raise web.HTTPForbidden(
                text="Open the address that the command printed, token and all."
            )
        return await handler(request)

    return guarded


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Forbid scripts, frames and requests of any other site in all that is sent."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def cookie_name(request: web.Request) -> str:
    """Return the name of the cookie; browsers do not keep the ports of one host apart."""
    return f"rarft_annotate_{urlsplit(f'//{request.host}').port or 80}"


def _with_cookie(request: web.Request, token: str) -> web.Response:
    """Take the token out of the address, where a glance or a screenshot would give it away."""
    left = {name: value for name, value in request.query.items() if name != TOKEN_PARAMETER}
    response = web.Response(
        status=303, headers={"Location": str(request.rel_url.with_query(left or None))}
    )
    # Lax: with Strict, an address that is opened from a message would not get its cookie back.
    response.set_cookie(cookie_name(request), token, httponly=True, samesite="Lax", path="/")
    return response


def _is_same(given: str | None, token: str) -> bool:
    return given is not None and hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), token.encode()
    )

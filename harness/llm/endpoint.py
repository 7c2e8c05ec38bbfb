"""The server that is asked: its address, the key, and how neither shows where it must not."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rarft.harness.errors import UserError
from rarft.harness.llm.settings import LLMSettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
NO_KEY = "no-key"
PUBLIC_URL = "https://api.openai.com/v1"
HIDDEN = "[key]"
SHORTEST_SECRET = 8

_KEY_LIKE = re.compile(r"\bsk-[\w*.-]{4,}|(?<=Bearer )[\w*.~+/=-]{8,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where requests go. The key is never shown by `repr`."""

    base_url: str
    key: str = field(repr=False)

    def hide_key(self, text: str) -> str:
        """Return a text without the key.

        Keys of a few letters, such as EMPTY, are no secrets but words that answers may hold.

        Example:
            >>> Endpoint(base_url="", key="secret-1").hide_key("wrong key secret-1")
            'wrong key [key]'
        """
        return text.replace(self.key, HIDDEN) if len(self.key) >= SHORTEST_SECRET else text

    def scrub(self, text: str) -> str:
        """Return the text of an error without the key, or anything that looks like one.

        Example:
            >>> Endpoint(base_url="", key="secret-1").scrub("wrong key: sk-ab***yz")
            'wrong key: [key]'
        """
        return _KEY_LIKE.sub(HIDDEN, self.hide_key(text))


def find_endpoint(settings: LLMSettings) -> Endpoint:
    """Return the endpoint that the settings and the environment name.

    A server named by `base_url` or OPENAI_BASE_URL gets a made-up key where there is none: servers
    of one's own ask for none.

    Raises:
        UserError: there is neither a key nor an address, or one of them is malformed.
    """
    base_url = (settings.base_url or os.environ.get(URL_VARIABLE) or "").strip()
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key and not base_url:
        raise UserError(
            f"got no {KEY_VARIABLE} in the environment for the model {settings.model!r}, expected "
            f"a key; set it, or name a server of your own by {URL_VARIABLE} or --judge_base_url"
        )
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise UserError(
            f"got a {KEY_VARIABLE} with blanks or letters no key has, expected the key alone; set "
            "it again"
        )
    if base_url and not _is_address(base_url):
        raise UserError(
            f"got {base_url!r} as the address of a language model, expected http:// or https://; "
            "most servers are at http://HOST:PORT/v1"
        )
    return Endpoint(base_url=base_url or PUBLIC_URL, key=key or NO_KEY)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@asynccontextmanager
async def open_client(endpoint: Endpoint, *, timeout_s: float) -> AsyncIterator[AsyncOpenAI]:
    """Make a client over aiohttp that never retries by itself and never reads an endless body."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    from rarft.harness.llm.limited_body import limit_body

    http_client = DefaultAioHttpClient(event_hooks={"response": [limit_body]}, timeout=timeout_s)
    async with AsyncOpenAI(
        api_key=endpoint.key,
        base_url=endpoint.base_url,
        max_retries=0,
        timeout=timeout_s,
        http_client=http_client,
        default_headers={"Accept-Encoding": "identity"},
    ) as client:
        yield client

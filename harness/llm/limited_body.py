"""A response body that ends with an error where it is longer than any answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

from httpx2 import AsyncByteStream, ReadError, Response

MOST_BYTES = 2 * 2**20


class BodyTooLongError(ReadError):
    """A server sent more than an answer can hold."""


class LimitedStream(AsyncByteStream):
    """Passes a body on until it is too long."""

    def __init__(self, stream: AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        n_bytes = 0
        async for chunk in self._stream:
            n_bytes += len(chunk)
            if n_bytes > MOST_BYTES:
                raise BodyTooLongError(f"more than {MOST_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        """Close the body."""
        await self._stream.aclose()


async def limit_body(response: Response) -> None:
    """Put the limit on a response before its body is read."""
    if isinstance(response.stream, AsyncByteStream):
        response.stream = LimitedStream(response.stream)

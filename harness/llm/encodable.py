"""Text that can be sent and stored."""


def encodable(text: str) -> str:
    """Return a text with `?` for the halves of surrogate pairs, which UTF-8 has no bytes for.

    Example:
        >>> encodable("half a pair: " + chr(0xD83D))
        'half a pair: ?'
    """
    return text.encode("utf-8", errors="replace").decode("utf-8")

"""What is removed from a reply before anything is read: special tokens, code fences, emphasis.

Text after the first end-of-turn token is dropped: it is the model talking to itself.
"""

import re

_NAMED = (
    r"(?:pad|unk|eos|bos|s|eot|image|video|end_of_turn|start_of_turn|begin_of_text|end_of_text"
    r"|end_of_utterance|im_end|im_start|endoftext)"
)
_SPECIAL = rf"(?:<\|[\w.\- ]{{1,40}}\|>|</?{_NAMED}>|\[/?INST\]|\[(?:EOS|PAD|UNK|SEP)\]|<<SYS>>)"
_LEADING = re.compile(rf"(?:\s|{_SPECIAL}(?:(?:assistant|model)\b)?)*+", re.IGNORECASE)
_END_OF_TURN = re.compile(
    r"<\|(?:im_end|endoftext|eot_id|end_of_text|end|eom_id|im_start)\|>"
    r"|</s>|<(?:end_of_turn|eos|eot|end_of_utterance|im_end|endoftext)>|\[EOS\]",
    re.IGNORECASE,
)
_ANY_SPECIAL = re.compile(_SPECIAL, re.IGNORECASE)
_PARTIAL = re.compile(r"<\|[\w.\-]{0,40}\|?\Z")
_FENCE = re.compile(r"(?:```|~~~)(?:[A-Za-z]{1,20}(?=\s{0,40}[\n\[{(<]))?")
_EMPHASIS = re.compile(r"\*+|`")
_BINARY = re.compile(r"[\x00\ud800-\udfff]")
_ODD = re.compile(r"[\x01-\x08\x0e-\x1f\x7f\ufffd]")


def binary_reason(text: str) -> str:
    r"""Say why `text` is no text, or return an empty string.

    Example:
        >>> binary_reason("ab\x00c")
        'binary: the reply holds NUL characters or lone surrogates'
        >>> binary_reason("3 to 5")
        ''
    """
    if _BINARY.search(text):
        return "binary: the reply holds NUL characters or lone surrogates"
    if len(_ODD.findall(text)) > max(4, len(text) // 10):
        return "binary: the reply is mostly control or replacement characters"
    return ""


def strip_special_tokens(text: str) -> str:
    r"""Remove the tokens of chat templates, and whatever follows an end-of-turn token.

    Example:
        >>> strip_special_tokens("<|im_start|>assistant\n3 to 5<|im_end|>\n<|endoftext|>")
        '3 to 5'
    """
    lead = _LEADING.match(text)
    body = text[lead.end() :] if lead else text
    end = _END_OF_TURN.search(body)
    if end:
        body = body[: end.start()]
    return _PARTIAL.sub("", _ANY_SPECIAL.sub(" ", body)).strip()


def strip_fences(text: str) -> str:
    r"""Remove the markers of code fences and keep what they hold.

    Example:
        >>> strip_fences("```json\n[[3.0, 9.5]]\n```")
        '[[3.0, 9.5]]'
    """
    return _FENCE.sub(" ", text).strip()


def strip_emphasis(text: str) -> str:
    """Remove asterisks and backticks, so that **3.0** to **9.0** reads like plain text.

    Example:
        >>> strip_emphasis("from **3.0** to `9.0`")
        'from 3.0 to 9.0'
    """
    return _EMPHASIS.sub("", text)


def ends_of(text: str, *, n_chars: int) -> str:
    """Return the first and last halves of a text longer than `n_chars`, one per line.

    An answer stands at either end; what a model repeats a million times in between is not read.

    Example:
        >>> ends_of("3 to 5 aaaaaaaa 6 to 7", n_chars=12).splitlines()
        ['3 to 5', '6 to 7']
    """
    if len(text) <= n_chars:
        return text
    return text[: n_chars // 2] + "\n" + text[-(n_chars // 2) :]


def collapse(text: str) -> str:
    r"""Collapse every run of whitespace to one space.

    Example:
        >>> collapse(" no \n such   event ")
        'no such event'
    """
    return " ".join(text.split())

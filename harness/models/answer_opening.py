"""How likely a reply was to open with a time: a relevance score read from a model's logits.

The place that decides is the token after the last `<answer>`. Byte-pair tokenizers often write the
end of that tag and the first word as one token, and never the end of the tag and a digit: a look at
the next token alone would come too late. So the tag's last token counts as part of the decision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import torch

from rarft.harness.parsing import Form
from rarft.harness.parsing.tags import iterate_tags

OPENING_VERSION: Final = "1"
"""Raised when the same logits would give another score: part of such a request's identity."""

TAGGED_FORMS: Final[frozenset[Form]] = frozenset(
    {"generic", "answer_tag", "answer_correction", "answer_list"}
)
_TIME: Final = re.compile(r"\s*[\[(\"']*\s*(?:\d|(?:from|between)\s*\Z)", re.IGNORECASE)
_MAX_BLANK_TOKENS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Where an answer opens: `path` follows the reply's first `n_before` tokens.

    `inside` is what the last token of the tag holds of the tag, and empty where the answer opens
    the reply. The path is that token, as the reply writes it where it ends with the tag or in
    blanks and else cut at the end of the tag, then the blank tokens before the first word.
    """

    n_before: int
    inside: str
    path: tuple[int, ...]


class Vocabulary:
    """The text of every token, and which tokens begin in a given way."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._masks: dict[tuple[str, bool], torch.Tensor] = {}

    @cached_property
    def texts(self) -> Sequence[str]:
        """Return each token's text, by its id."""
        ids = [[number] for number in range(len(self._tokenizer))]
        decoded: list[str] = self._tokenizer.batch_decode(ids, skip_special_tokens=False)
        return decoded

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """Return the first token of each text."""
        return {text: number for number, text in reversed([*enumerate(self.texts)])}

    def text(self, token_id: int) -> str:
        """Return one token's text; a network may have more rows than its tokenizer has tokens."""
        return self.texts[token_id] if token_id < len(self.texts) else "\ufffd"

    def decode(self, token_ids: Sequence[int]) -> str:
        """Return the text of several tokens."""
        return str(self._tokenizer.decode(list(token_ids), skip_special_tokens=False))

    def starting(self, prefix: str, *, with_time: bool) -> torch.Tensor:
        """Return which tokens start with a prefix, and after it with a time. Shape: (tokens,)."""
        key = (prefix, with_time)
        if key not in self._masks:
            self._masks[key] = torch.tensor(
                [
                    text.startswith(prefix)
                    and (not with_time or _TIME.match(text, len(prefix)) is not None)
                    for text in self.texts
                ]
            )
        return self._masks[key]


def find_opening(token_ids: Sequence[int], vocabulary: Vocabulary, *, form: Form) -> Opening | None:
    """Return where a reply's answer opens, or None where a form of tags has no answer tag.

    Forms without an answer tag open with the reply.
    """
    if form not in TAGGED_FORMS:
        return Opening(n_before=0, inside="", path=_blanks(token_ids, vocabulary))
    text = vocabulary.decode(token_ids)
    ends = [tag.end for tag in iterate_tags(text) if tag.name == "answer" and not tag.closes]
    if not ends:
        return None
    upto = text[: ends[-1]]
    n_tokens = _n_covering(token_ids, upto, vocabulary)
    head = vocabulary.decode(token_ids[: n_tokens - 1])
    inside = upto[len(head) :]
    if not upto.startswith(head) or inside not in vocabulary.ids:
        return None
    last = token_ids[n_tokens - 1]
    if vocabulary.text(last).removeprefix(inside).strip():
        return Opening(n_before=n_tokens - 1, inside=inside, path=(vocabulary.ids[inside],))
    blanks = _blanks(token_ids[n_tokens:], vocabulary)
    return Opening(n_before=n_tokens - 1, inside=inside, path=(last, *blanks))


def _n_covering(token_ids: Sequence[int], upto: str, vocabulary: Vocabulary) -> int:
    """Return how many tokens it takes to write the beginning of the reply, by bisection."""
    low, high = 1, len(token_ids)
    while low < high:
        middle = (low + high) // 2
        if vocabulary.decode(token_ids[:middle]).startswith(upto):
            high = middle
        else:
            low = middle + 1
    return low


def _blanks(token_ids: Sequence[int], vocabulary: Vocabulary) -> tuple[int, ...]:
    blanks: list[int] = []
    for token_id in token_ids[:_MAX_BLANK_TOKENS]:
        if vocabulary.text(token_id).strip():
            break
        blanks.append(token_id)
    return tuple(blanks)


def time_probability(
    logits: torch.Tensor, opening: Opening, vocabulary: Vocabulary
) -> float | None:
    """Return the probability that the answer opens with a time.

    A token begins a time where its text, after blanks, opening brackets and quotes, is a digit or
    the word From or Between. What the tag's last token could have been is divided by all that
    complete the tag; a blank that the reply did not write counts as no time. None where the tag
    is impossible to the model.

    Args:
        logits: What the model gives for each token of the path and for the one after it, at
            temperature 1 and without penalties. Shape: (len(path) + 1, vocabulary).
        opening: Where the answer opens.
        vocabulary: The tokens' texts.
    """
    probability = torch.softmax(logits.float(), dim=-1).cpu()[:, : len(vocabulary.texts)]
    found, reached = 0.0, 1.0
    for step, row in enumerate(probability):
        prefix = opening.inside if step == 0 else ""
        completing = float(row[vocabulary.starting(prefix, with_time=False)].sum()) if prefix else 1
        if completing == 0:
            return None
        begun = float(row[vocabulary.starting(prefix, with_time=True)].sum())
        found += reached * begun / completing
        if step < len(opening.path):
            reached *= float(row[opening.path[step]]) / completing
    return min(found, 1.0)


def opening_logits(
    network: Any,
    inputs: Mapping[str, Any],
    replies: Sequence[Sequence[int]],
    openings: Sequence[Opening | None],
) -> list[torch.Tensor]:
    """Look at a batch once more and return each row's logits along its opening's path.

    Args:
        network: A network of the hf backend.
        inputs: The tensors of the prompts, padded on the left.
        replies: The tokens of each reply.
        openings: Where each answer opens; rows without one are carried along.

    Returns:
        For each row, Shape: (len(path) + 1, vocabulary).
    """
    added = [
        [*reply[: one.n_before], *one.path] if one else []
        for reply, one in zip(replies, openings, strict=True)
    ]
    longest = max(map(len, added))
    extended = dict(inputs)
    for name, fill in (("input_ids", None), ("attention_mask", 1), ("mm_token_type_ids", 0)):
        if name not in inputs:
            continue
        rows = []
        for row, more in zip(inputs[name], added, strict=True):
            tail = row.new_tensor(more if fill is None else [fill] * len(more))
            # What is padded in front has no attention, whatever token stands there.
            rows.append(torch.cat([row.new_zeros(longest - len(more)), row, tail]))
        extended[name] = torch.stack(rows)
    n_kept = max(len(one.path) if one else 0 for one in openings) + 1
    logits = network(**extended, use_cache=False, logits_to_keep=n_kept).logits
    return [
        row[n_kept - 1 - (len(one.path) if one else 0) :]
        for row, one in zip(logits, openings, strict=True)
    ]

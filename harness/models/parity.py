"""Whether backends see and say the same: prompt ids, first-token probabilities, greedy text.

The comparison is of what was observed; running the backends is the caller's part. A backend that
tells less is compared in what it tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MARKDOWN_COLUMNS: Final = (
    "model",
    "backend",
    "queries",
    "equal prompt-token counts",
    "equal prompt ids",
    "first-token log-prob., max abs. difference",
    "same first token",
    "equal greedy text",
    "log-prob. between videos, least difference",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one backend made of one prompt; None where it does not tell.

    `first_logprobs` holds log-probabilities of first tokens by id: all of them, or the likeliest.
    """

    name: str
    n_prompt_tokens: int | None
    text: str
    ids: Sequence[int] | None = None
    first_logprobs: Mapping[int, float] | None = None
    first_token: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far a backend agrees with the reference on the same prompts; None where it does not tell.

    `different_texts` holds the name of each prompt whose greedy texts differ, and how many letters
    they share. `least_video_difference` is the least that the first-token log-probabilities of one
    prompt change with another video, in max abs. difference: near 0, equal texts say nothing of
    the video.
    """

    model: str
    backend: str
    n_prompts: int
    n_equal_counts: int
    n_equal_texts: int
    different_texts: tuple[tuple[str, int], ...]
    n_equal_ids: int | None = None
    max_logprob_difference: float | None = None
    n_equal_first_tokens: int | None = None
    least_video_difference: float | None = None

    @property
    def is_equal(self) -> bool:
        """Say whether all prompts and texts are equal, as far as the backend tells."""
        counts = {self.n_equal_counts, self.n_equal_texts, self.n_equal_ids} - {None}
        return counts == {self.n_prompts}


def compare(
    model: str,
    backend: str,
    reference: Sequence[Observed],
    other: Sequence[Observed],
    *,
    other_videos: Sequence[Observed] = (),
) -> Parity:
    """Compare a backend with the reference, prompt by prompt.

    Args:
        model: Name of the model, for the table.
        backend: Name of the other backend, for the table.
        reference: What the reference observed.
        other: What the other one observed, of the same prompts in the same order.
        other_videos: What the other one observed of the same questions about other videos.

    Raises:
        ValueError: the prompts are not the same in number or name, or there are none.

    Example:
        >>> one = Observed(name="q", n_prompt_tokens=1, ids=[1], text="a")
        >>> parity = compare("tiny", "vllm", [one], [one])
        >>> parity.n_equal_ids, parity.n_equal_texts, parity.is_equal
        (1, 1, True)
    """
    if not reference or [one.name for one in reference] != [one.name for one in other]:
        raise ValueError(
            f"got {len(reference)} and {len(other)} prompts, expected the same ones, at least one"
        )
    pairs = list(zip(reference, other, strict=True))
    differences = [logprob_difference(a, b) for a, b in pairs if b.first_logprobs is not None]
    changes = [
        logprob_difference(one, elsewhere)
        for one, elsewhere in zip(other, other_videos, strict=False)
    ]
    return Parity(
        model=model,
        backend=backend,
        n_prompts=len(pairs),
        n_equal_counts=sum(a.n_prompt_tokens == b.n_prompt_tokens for a, b in pairs),
        n_equal_texts=sum(a.text == b.text for a, b in pairs),
        different_texts=tuple(
            (a.name, n_shared(a.text, b.text)) for a, b in pairs if a.text != b.text
        ),
        n_equal_ids=_n_equal([(a.ids, b.ids) for a, b in pairs]),
        max_logprob_difference=max(differences, default=None),
        n_equal_first_tokens=_n_equal([(a.first_token, b.first_token) for a, b in pairs]),
        least_video_difference=min(changes, default=None),
    )


def logprob_difference(one: Observed, other: Observed) -> float:
    """Return the largest difference over the tokens that both have a log-probability for.

    Example:
        >>> a = Observed(name="q", n_prompt_tokens=1, first_logprobs={1: -1.0, 2: -2.0}, text="")
        >>> b = Observed(name="q", n_prompt_tokens=1, first_logprobs={2: -2.5}, text="")
        >>> logprob_difference(a, b)
        0.5

    Raises:
        ValueError: they have no token in common.
    """
    ours, theirs = one.first_logprobs or {}, other.first_logprobs or {}
    common = ours.keys() & theirs.keys()
    if not common:
        raise ValueError(f"got no first token in common for {one.name}, expected at least one")
    return max(abs(ours[token] - theirs[token]) for token in common)


def n_shared(one: str, other: str) -> int:
    """Return how many letters two texts begin with in common.

    Example:
        >>> n_shared("from 3 to 4", "from 3 to 5")
        10
    """
    differ = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differ, min(len(one), len(other)))


def _n_equal(pairs: Sequence[tuple[object, object]]) -> int | None:
    """Count equal pairs; None where the other side tells nothing."""
    if all(theirs is None for _, theirs in pairs):
        return None
    return sum(ours == theirs for ours, theirs in pairs)


def parity_table(rows: Sequence[Parity]) -> str:
    """Return the comparisons as a Markdown table, differing texts below it."""
    lines = [
        "| " + " | ".join(MARKDOWN_COLUMNS) + " |",
        "|" + "---|" * len(MARKDOWN_COLUMNS),
        *(_table_row(row) for row in rows),
    ]
    different = [
        f"- {row.model}, {row.backend}, query {name}: the first {n_letters} letters are equal"
        for row in rows
        for name, n_letters in row.different_texts
    ]
    return "\n".join([*lines, *([""] if different else []), *different]) + "\n"


def _table_row(row: Parity) -> str:
    difference, least = row.max_logprob_difference, row.least_video_difference
    cells = (
        row.model,
        row.backend,
        row.n_prompts,
        _share(row.n_equal_counts, row.n_prompts),
        _share(row.n_equal_ids, row.n_prompts),
        "not told" if difference is None else f"{difference:.1e}",
        _share(row.n_equal_first_tokens, row.n_prompts),
        _share(row.n_equal_texts, row.n_prompts),
        "not asked" if least is None else f"{least:.2g}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _share(n_equal: int | None, n_all: int) -> str:
    return "not told" if n_equal is None else f"{n_equal} of {n_all}"

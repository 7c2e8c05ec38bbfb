"""Rows of supervised fine-tuning as one batch: prompts, reference answers, and their videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch

from rarft.harness.models.rope_time import VIDEO
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.redraw import Redraw, Rows
from rarft.trainer.sighted_model import video_tensors
from rarft.trainer.video_rows import VideoStore

IGNORED: Final = -100
Answer = Callable[[Mapping[str, Any]], str]


def reference_answer(row: Mapping[str, Any]) -> str:
    """Return the reply that a row's reference is, in the form that the refusal prompt asks for.

    Records hold no reasoning, so there is none in it: what the paper's Table 8 compares with.

    Example:
        >>> reference_answer({"relevant": True, "spans": [[2.5, 4.0]]})
        '<answer>2.50 to 4.00</answer><correction>NIL</correction>'
        >>> reference_answer({"relevant": False, "refusal": "No dog.", "relevant_query": "a cat"})
        '<answer>No dog.</answer><correction>a cat</correction>'
    """
    if row["relevant"]:
        start_s, end_s = row["spans"][0]
        return f"<answer>{start_s:.2f} to {end_s:.2f}</answer><correction>NIL</correction>"
    correction = row["relevant_query"] or ""
    return f"<answer>{row['refusal']}</answer><correction>{correction}</correction>"


class AnswerCollator:
    """Makes batches in which only the answers are learned.

    Rows are padded on the left, so that all answers end the batch and logits are made for them
    alone: `labels` has Shape: (batch, longest answer + 1). A row whose video fails is replaced.
    """

    def __init__(
        self,
        processor: Any,
        store: VideoStore,
        rows: Rows,
        *,
        answer: Answer = reference_answer,
        seed: int,
    ) -> None:
        self._processor = processor
        self._rows = rows
        self._answer = answer
        self._encoder = PromptEncoder(processor)
        # Each process replaces rows on its own: no two need to show the same one.
        self.redraw = Redraw(store, list, seed=seed)

    def __call__(self, batch: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the tensors of a batch."""
        tokenizer = self._processor.tokenizer
        usable = self.redraw.usable(batch, self._rows)
        batch, videos = usable.rows, usable.videos
        prompts = self._encoder.all_ids([row["prompt"] for row in batch], videos)
        answers = [
            [*tokenizer(self._answer(row))["input_ids"], tokenizer.eos_token_id] for row in batch
        ]
        texts = [[*one, *other] for one, other in zip(prompts, answers, strict=True)]
        longest = max(map(len, texts))
        n_kept = max(map(len, answers)) + 1
        placeholder = self._processor.video_token_id
        return {
            "input_ids": _padded(texts, longest, fill=tokenizer.pad_token_id),
            "attention_mask": _padded([[1] * len(one) for one in texts], longest, fill=0),
            "mm_token_type_ids": _padded(
                [
                    [VIDEO * (token == placeholder) for token in prompt] + [0] * len(answer)
                    for prompt, answer in zip(prompts, answers, strict=True)
                ],
                longest,
                fill=0,
            ),
            "labels": _padded(answers, n_kept, fill=IGNORED),
            "logits_to_keep": n_kept,
            **video_tensors(videos),
        }


def completion_loss(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the cross-entropy per answer token of the whole accumulated batch.

    Args:
        outputs: What the model gives for the kept positions.
        labels: The answers. Shape: (batch, kept).
        num_items_in_batch: How many labels count in all micro-batches and processes of the step;
            those of this batch where None.
    """
    logits = outputs.logits[:, :-1].float()
    wanted = labels[:, 1:]
    total = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]),
        wanted.reshape(-1),
        ignore_index=IGNORED,
        reduction="sum",
    )
    return total / ((wanted != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch)


def _padded(rows: Sequence[Sequence[int]], length: int, *, fill: int) -> torch.Tensor:
    return torch.tensor([[fill] * (length - len(row)) + list(row) for row in rows])

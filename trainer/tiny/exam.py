"""A quick look at a network in training: how it answers queries on videos that it has not seen.

The published figures come from `rarft-eval`; these are the same definitions on a few queries.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from rarft.harness.metrics.overlap import tiou
from rarft.harness.parsing import parse_reply
from rarft.harness.types import Prediction, Span
from rarft.tasks.synth_hi.semantics import holds
from rarft.tasks.synth_hi.sentences import draw_style, render_text
from rarft.trainer.tiny.batches import Batcher, Sample
from rarft.trainer.tiny.lessons import Classroom, chat_prompt

Kind = Literal["relevant", "hard", "shuffled"]
N_NEW_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Question:
    """One query on one video; `span` where the video shows it."""

    kind: Kind
    sample: Sample
    span: Span | None
    duration_s: float
    n_edits: int


def questions(classroom: Classroom, *, n_videos: int) -> list[Question]:
    """Return a relevant, a hard and a shuffled query for each of the first videos."""
    found = []
    scenes = classroom.scenes[:n_videos]
    for scene in scenes:
        rng = random.Random(f"exam {classroom.seed} {scene.index}")
        style = draw_style(rng)
        strangers = (rng.choice(classroom.scenes).relevant for _ in iter(int, 1))
        shuffled = next(claim for claim in strangers if not holds(scene.world, claim))
        claims = {"relevant": scene.relevant, "hard": scene.irrelevant, "shuffled": shuffled}
        for kind, claim in claims.items():
            spans = holds(scene.world, claim)
            sample = Sample(
                pixels=classroom.pool[scene.index, : len(scene.frame_indices)],
                seconds_per_pair=scene.seconds_per_pair,
                prompt=chat_prompt(f"Query: {render_text(claim, style)}"),
            )
            found.append(
                Question(
                    kind=kind,  # type: ignore[arg-type]
                    sample=sample,
                    span=spans[0] if spans else None,
                    duration_s=scene.world.duration_s,
                    n_edits=len(scene.edits) if kind == "hard" else 0,
                )
            )
    return found


@torch.inference_mode()
def answer(
    network: Any,
    batcher: Batcher,
    samples: Sequence[Sample],
    *,
    n_at_once: int = 60,
    n_new_tokens: int = N_NEW_TOKENS,
    temperature: float = 0.0,
) -> list[str]:
    """Return the replies to several samples, sampled where the temperature is above 0."""
    texts: list[str] = []
    for first in range(0, len(samples), n_at_once):
        inputs = batcher.batch(samples[first : first + n_at_once], for_generation=True)
        sampling = {"temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}
        output = network.generate(
            **inputs,
            do_sample=bool(temperature),
            max_new_tokens=n_new_tokens,
            pad_token_id=batcher.pad_id,
            eos_token_id=batcher.end_id,
            **sampling,
        )
        texts += batcher.decode(output[:, inputs["input_ids"].shape[1] :])
    return texts


def figures(asked: Sequence[Question], replies: Sequence[str]) -> dict[str, float]:
    """Return mIoU, refusal rates and F1 of both classes against both kinds of negatives."""
    read = [
        parse_reply(text, form="answer_correction", duration_s=one.duration_s)
        for one, text in zip(asked, replies, strict=True)
    ]
    rows = list(zip(asked, read, strict=True))
    ious = [_iou(one, prediction) for one, prediction in rows if one.kind == "relevant"]
    found = {
        "miou": sum(ious) / len(ious),
        "format": sum(prediction.format_ok for prediction in read) / len(read),
    }
    for kind in ("relevant", "hard", "shuffled"):
        found[f"refused_{kind}"] = _refusal_rate([p for one, p in rows if one.kind == kind])
    for n_edits in (1, 2, 3):
        same = [p for one, p in rows if one.n_edits == n_edits]
        found[f"refused_hard_{n_edits}"] = _refusal_rate(same)
    for kind in ("hard", "shuffled"):
        rates = (found["refused_relevant"], found[f"refused_{kind}"])
        found[f"f1_relevant_{kind}"], found[f"f1_irrelevant_{kind}"] = _f1(*rates)
        found[f"reward_{kind}"] = (found["miou"] + found[f"refused_{kind}"]) / 2
    return {name: round(value, 4) for name, value in found.items()}


def _iou(question: Question, prediction: Prediction) -> float:
    if prediction.kind != "grounded" or question.span is None:
        return 0.0
    return tiou(prediction.spans[0], question.span)


def _refusal_rate(read: Sequence[Prediction]) -> float:
    return sum(prediction.kind != "grounded" for prediction in read) / len(read) if read else 0.0


def _f1(refused_relevant: float, refused_irrelevant: float) -> tuple[float, float]:
    """Return F1 of relevant and of irrelevant where both are equally many."""
    grounded = 1 - refused_relevant
    relevant = 2 * grounded / (1 + grounded + 1 - refused_irrelevant)
    irrelevant = 2 * refused_irrelevant / (1 + refused_irrelevant + refused_relevant)
    return relevant, irrelevant

"""Natural-language inference: is a rewrite entailed by its original, or by another true query?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from rarft.dataset_builder.types import Candidate, Finding
from rarft.dataset_builder.verify.limits import Checks
from rarft.dataset_builder.verify.video_queries import VideoQueries
from rarft.harness.errors import UserError

CHECK: Final = "nli"
BATCH_SIZE: Final = 64


@dataclass(frozen=True, slots=True)
class _Classifier:
    """A loaded model and the place of its label "entailment"."""

    tokenizer: Any
    network: Any
    entailment: int
    device: str


def nli_findings(
    candidates: Sequence[Candidate], *, rows: VideoQueries, checks: Checks
) -> list[list[Finding]]:
    """Return an objection to each candidate that a true query of its video entails.

    Raises:
        UserError: the model cannot be loaded, or has no label for entailment.
    """
    assert checks.nli is not None
    pairs: list[tuple[str, str]] = []
    owners: list[tuple[int, str]] = []
    for at, candidate in enumerate(candidates):
        query = rows.row(candidate.query_id).query
        for true in (query, *rows.others(candidate.query_id)):
            pairs.append((true.text, candidate.text))
            owners.append((at, true.id))
    found: list[list[Finding]] = [[] for _ in candidates]
    for (at, true_id), chance in zip(owners, entailments(pairs, model=checks.nli), strict=True):
        if chance < checks.nli_threshold or found[at]:
            continue
        is_own = true_id == candidates[at].query_id
        detail = f"entailed by the true query {true_id} with probability {chance:.2f}"
        reason = "paraphrase" if is_own else "true_elsewhere"
        found[at].append(Finding(reason=reason, detail=detail, check=CHECK))  # type: ignore[arg-type]
    return found


def entailments(pairs: Sequence[tuple[str, str]], *, model: str) -> list[float]:
    """Return the probability that each first text entails the second.

    Args:
        pairs: Premises and hypotheses. Shape: (n_pairs,).
        model: A Hub id or a folder.

    Raises:
        UserError: the model cannot be loaded, or has no label for entailment.
    """
    import torch

    classifier = _load(model)
    chances: list[float] = []
    for start in range(0, len(pairs), BATCH_SIZE):
        premises, hypotheses = zip(*pairs[start : start + BATCH_SIZE], strict=True)
        batch = classifier.tokenizer(
            list(premises), list(hypotheses), padding=True, truncation=True, return_tensors="pt"
        ).to(classifier.device)
        with torch.inference_mode():
            logits = classifier.network(**batch).logits.float()
        chances += logits.softmax(dim=-1)[:, classifier.entailment].tolist()
    return chances


@cache
def _load(model: str) -> _Classifier:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        network = AutoModelForSequenceClassification.from_pretrained(model).to(device).eval()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        reason = " ".join(f"{error}".split())[:200]
        raise UserError(
            f"got the NLI model {model}, which cannot be loaded ({reason}), expected a folder or a "
            "Hub id of a sequence classifier; check the name"
        ) from error
    labels = {at: str(label).casefold() for at, label in network.config.id2label.items()}
    entailment = [at for at, label in labels.items() if label.startswith("entail")]
    if len(entailment) != 1:
        raise UserError(
            f"got the NLI model {model} with the labels {', '.join(labels.values())}, expected one "
            "that is called entailment; name a model for natural-language inference"
        )
    return _Classifier(tokenizer, network, int(entailment[0]), device)

"""How far selection alone makes a set hard to guess: HI-Charades' relevant queries, edited.

Run `python bench/guessability.py hi_vtg_charades.json`, with the official file's path. Each
relevant query gets 8 candidates from edits that see no score; of each group one is chosen. The set
with every group's first candidate is compared with the chosen one, by the classifier that chose
and by one that did not, and both on a quarter of the videos that no classifier was fitted to
while choosing. The results go to bench/results/guessability.json.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from rarft.dataset_builder.guessability import Selection, rank_candidates
from rarft.dataset_builder.guessability.candidates import Draw, edit_candidates
from rarft.dataset_builder.guessability.figures import auc_figures
from rarft.dataset_builder.guessability.second_model import (
    embeddings,
    second_probabilities,
    second_probabilities_from,
)
from rarft.dataset_builder.types import Candidate, Origin, Row
from rarft.harness.audit.blind import FloatArray, blind_probabilities, blind_probabilities_from
from rarft.harness.judges.encoder import DEFAULT_ENCODER, encoder_identity
from rarft.harness.types import Query
from rarft.tasks.official import read_queries

RESULTS: Final = Path(__file__).parent / "results" / "guessability.json"
LIMIT: Final = 0.65
N_CANDIDATES: Final = 8
HELD_OUT_SHARE: Final = 0.25
N_SEEDS: Final = 3
"""How many foldings the first model is measured with; the selection saw none of them."""


def set_of(relevant: Sequence[Query], chosen: Sequence[Candidate]) -> list[Query]:
    """Return a set as it would be asked: the relevant queries and one candidate for each."""
    by_id = {query.id: query for query in relevant}
    return [
        *relevant,
        *(
            Query(
                id=one.id,
                task=by_id[one.query_id].task,
                video=by_id[one.query_id].video,
                text=one.text,
                relevant=False,
                record=by_id[one.query_id].record,
            )
            for one in chosen
        ),
    ]


class Encoded:
    """Embeddings of texts, each made once."""

    def __init__(self, encoder: str) -> None:
        self.encoder = encoder
        self.vectors: dict[str, FloatArray] = {}

    def of(self, queries: Sequence[Query]) -> FloatArray:
        """Return the embedding of each query. Shape: (n_queries, n_dimensions)."""
        new = list(dict.fromkeys(q.text for q in queries if q.text not in self.vectors))
        if new:
            self.vectors.update(zip(new, embeddings(new, encoder=self.encoder), strict=True))
        return np.array([self.vectors[query.text] for query in queries])


def both_models(queries: Sequence[Query], encoded: Encoded, *, seed: int) -> dict[str, Any]:
    """Return what each model tells of a set, on videos that it was not fitted to."""
    first = [blind_probabilities(queries, seed=seed + 100 + n) for n in range(N_SEEDS)]
    figures = [auc_figures(queries, each, seed=seed) for each in first]
    second = second_probabilities(queries, encoded.of(queries), seed=seed)
    return {
        "blind": figures[0],
        "blind_auc_by_seed": [each["auc"] for each in figures],
        "second": auc_figures(queries, second, seed=seed),
    }


def on_held_out(queries: Sequence[Query], videos: set[str], encoded: Encoded) -> dict[str, Any]:
    """Fit both models to the other videos' queries, and ask about those of `videos`."""
    train = [query for query in queries if query.video not in videos]
    asked = [query for query in queries if query.video in videos]
    labels = np.array([query.relevant for query in train], dtype=bool)
    second = second_probabilities_from(encoded.of(train), labels, encoded.of(asked))
    return {
        "n_queries": len(asked),
        "n_videos": len(videos),
        "blind": auc_figures(asked, blind_probabilities_from(train, asked)),
        "second": auc_figures(asked, second),
    }


def measured(relevant: Sequence[Query], draw: Draw, encoded: Encoded, *, seed: int) -> Any:
    """Return the figures of one way to draw words."""
    origin = Origin(source="", split="test", licence="", citation="", redistributable=False)
    rows = [Row(query=query, origin=origin) for query in relevant]
    groups = edit_candidates(relevant, seed=seed, n_candidates=N_CANDIDATES, draw=draw)
    start = time.perf_counter()
    selection = rank_candidates(groups, relevant=rows, seed=seed, target=0.6)
    seconds = time.perf_counter() - start
    first = [group[0] for group in groups]
    videos = sorted({query.video for query in relevant})
    held_out = set(random.Random(seed).sample(videos, round(HELD_OUT_SHARE * len(videos))))
    apart = rank_candidates(groups, relevant=rows, seed=seed, target=0.6, unfitted_videos=held_out)
    return {
        "n_relevant": len(relevant),
        "n_videos": len(videos),
        "selection": selection.to_json(),
        "selection_s": round(seconds, 1),
        "candidates_per_row": round(sum(map(len, groups)) / len(selection.chosen), 3),
        "rows_lost": len(relevant) - len(selection.chosen),
        "before": both_models(set_of(relevant, first), encoded, seed=seed),
        "after": both_models(set_of(relevant, selection.chosen), encoded, seed=seed),
        "held_out_before": on_held_out(set_of(relevant, first), held_out, encoded),
        "held_out_after": on_held_out(set_of(relevant, apart.chosen), held_out, encoded),
        "what_is_chosen": kept_shares(groups, selection),
    }


def kept_shares(groups: Sequence[Sequence[Candidate]], selection: Selection) -> dict[str, Any]:
    """Return the shares of levels and categories, among all candidates and the chosen ones."""
    every = [one for group in groups for one in group]
    return {
        name: {
            key: round(count / len(of), 4)
            for key, count in sorted(Counter(k for one in of for k in keys(one)).items())
        }
        for name, of, keys in (
            ("levels_offered", every, lambda one: (one.level,)),
            ("levels_chosen", selection.chosen, lambda one: (one.level,)),
            ("categories_offered", every, lambda one: one.categories),
            ("categories_chosen", selection.chosen, lambda one: one.categories),
        )
    }


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotation", type=Path, nargs="?", help="the official HI-Charades file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draws", nargs="*", choices=get_args(Draw), default=["matched", "flat"])
    parser.add_argument("--encoder", default=DEFAULT_ENCODER)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    if given.annotation is None:
        # Benches are run all together without arguments, and the file is not shipped.
        print("nothing measured: give the path of the official hi_vtg_charades.json")
        return
    queries, _ = read_queries(given.annotation, select="relevant")
    encoded = Encoded(given.encoder)
    record: dict[str, Any] = {
        "annotation": given.annotation.name,
        "seed": given.seed,
        "second_model": f"{encoder_identity(given.encoder)} + logistic regression",
        "limit": LIMIT,
        "draws": {},
    }
    for draw in given.draws:
        found = measured(queries, draw, encoded, seed=given.seed)
        found["under_limit"] = {
            f"{name}_{model}": found[name][model]["leakage"] < LIMIT
            for name in ("after", "held_out_after")
            for model in ("blind", "second")
        }
        record["draws"][draw] = found
        print(json.dumps({draw: found}, indent=1), flush=True)
        given.output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

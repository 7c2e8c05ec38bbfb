"""Choose, of the candidates of every planned query, those that a blind model cannot pick out.

Each candidate is scored by blind classifiers that saw no query about its video, and drawn by the
odds of being relevant: what is chosen comes to be distributed as relevant queries are. Taking the
best score instead would make irrelevant queries more typical than relevant ones, which tells the
labels as well.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from rarft.dataset_builder.guessability.blind_scores import BlindScores, Guess, blind_scores
from rarft.dataset_builder.types import Candidate, Row
from rarft.harness.audit.guesses import leakage
from rarft.harness.errors import UserError

TARGET: Final = 0.60
N_ROUNDS: Final = 8
STEP: Final = 2.0
"""How much of a round's log odds is added: a fit is regularised and tells less than the truth."""
PICKED_OUT: Final = 0.2
"""A chosen query is picked out beyond this share of the relevant queries' P(relevant)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The candidates of each group, the one to take first, and what the choice is worth.

    `before` is the AUC with the first candidate of each group, `after` that with the chosen ones,
    `rounds` that of every set that was tried. `p_relevant` is the guess for each chosen candidate,
    by its id. `redraw` names the groups whose chosen candidate is picked out, while the target is
    not met: further candidates are worth most there.
    """

    ranked: tuple[tuple[Candidate, ...], ...]
    before: float | None
    after: float | None
    target: float
    rounds: tuple[float, ...] = ()
    p_relevant: Mapping[str, float]
    redraw: tuple[int, ...] = ()

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        """Return the candidate to take of each group that has any."""
        return tuple(group[0] for group in self.ranked if group)

    @property
    def is_met(self) -> bool:
        """Say whether the leakage, max(AUC, 1 - AUC), is under the target."""
        return self.after is not None and leakage(self.after) < self.target

    def to_json(self) -> dict[str, Any]:
        """Return the figures, and what they cost in candidates, as a JSON object."""
        n_candidates = sum(map(len, self.ranked))
        return {
            "blind_auc_before": self.before,
            "blind_auc_after": self.after,
            "leakage_before": None if self.before is None else leakage(self.before),
            "leakage_after": None if self.after is None else leakage(self.after),
            "target": self.target,
            "target_met": self.is_met,
            "rounds": list(self.rounds),
            "n_groups": len(self.ranked),
            "n_chosen": len(self.chosen),
            "n_candidates": n_candidates,
            "n_candidates_not_used": n_candidates - len(self.chosen),
            "n_to_redraw": len(self.redraw),
        }


def rank_candidates(
    groups: Sequence[Sequence[Candidate]],
    *,
    relevant: Sequence[Row],
    seed: int,
    target: float = TARGET,
    n_rounds: int = N_ROUNDS,
    unfitted_videos: Collection[str] = (),
) -> Selection:
    """Rank the accepted candidates of each planned query, the one to take first.

    Every round fits to the set as it stands and draws anew; the set with the least leakage is
    taken, and rounds end where the AUC falls below 0.5. The result depends on the ids, texts and
    the seed, not on any order.

    Args:
        groups: the accepted candidates of each planned query; a group may be empty.
        relevant: the relevant queries as they will be asked; every candidate is about one.
        seed: sets the folds and the draws.
        target: the leakage that the choice is to stay under.
        n_rounds: the most sets that are tried.
        unfitted_videos: videos whose queries are chosen, but never fitted to or measured.

    Raises:
        UserError: a candidate is about no relevant query, or the target is not in (0.5, 1].
    """
    if not 0.5 < target <= 1:
        raise UserError(f"got the target {target}, expected a leakage above 0.5 and up to 1")
    scores = blind_scores(groups, relevant, seed=seed, unfitted_videos=unfitted_videos)
    first = [group[0] if group else None for group in map(_by_attempt, groups)]
    if not scores.has_both_classes(first):
        ranked = tuple(tuple(_by_attempt(group)) for group in groups)
        return Selection(ranked=ranked, before=None, after=None, target=target, p_relevant={})
    every = [one for group in groups for one in group]
    start = _Tried(first, {one.id: -float(one.attempt) for one in every}, scores.guess(first))
    best, rounds = _best_set(groups, scores, start, seed=seed, n_rounds=n_rounds)
    selection = Selection(
        ranked=tuple(_ranked(group, best.odds) for group in groups),
        before=start.guess.auc,
        after=best.guess.auc,
        target=target,
        rounds=rounds,
        p_relevant=best.guess.p_relevant,
    )
    if selection.is_met:
        return selection
    return replace(selection, redraw=picked_out(best.chosen, best.guess))


def picked_out(chosen: Sequence[Candidate | None], guess: Guess) -> tuple[int, ...]:
    """Return the groups whose chosen candidate is told most easily from relevant queries.

    An AUC under 0.5 leaks as well: what seems most relevant is then what tells the label.
    """
    seems_relevant = guess.auc < 0.5
    share = 1 - PICKED_OUT if seems_relevant else PICKED_OUT
    limit = float(np.quantile(guess.of_relevant, share))
    asked = [
        (at, guess.p_relevant[one.id])
        for at, one in enumerate(chosen)
        if one is not None and one.id in guess.p_relevant
    ]
    return tuple(at for at, p in asked if (p > limit if seems_relevant else p < limit))


@dataclass(frozen=True, slots=True)
class _Tried:
    """A set that was tried: the chosen candidate of each group, and the drawn log odds of all."""

    chosen: Sequence[Candidate | None]
    odds: Mapping[str, float]
    guess: Guess


def _best_set(
    groups: Sequence[Sequence[Candidate]],
    scores: BlindScores,
    start: _Tried,
    *,
    seed: int,
    n_rounds: int,
) -> tuple[_Tried, tuple[float, ...]]:
    """Return the set that leaks least, and the AUC of every set after the first."""
    best = tried = start
    log_odds = dict.fromkeys(start.odds, 0.0)
    rounds: list[float] = []
    while len(rounds) < n_rounds and (not rounds or rounds[-1] > 0.5):
        number = len(rounds)
        for id_, odds in scores.log_odds(tried.chosen, fold_seed=seed + number).items():
            log_odds[id_] += STEP * odds
        drawn = {id_: odds + _gumbel(seed, number, id_) for id_, odds in log_odds.items()}
        chosen = [next(iter(_ranked(group, drawn)), None) for group in groups]
        tried = _Tried(chosen, drawn, scores.guess(chosen))
        rounds.append(tried.guess.auc)
        if leakage(tried.guess.auc) < leakage(best.guess.auc):
            best = tried
    return best, tuple(rounds)


def _gumbel(seed: int, number: int, id_: str) -> float:
    """Return noise with which the largest of several log odds is a draw by these odds."""
    uniform = random.Random(f"{seed} {number} {id_}").random()
    return -math.log(-math.log(max(uniform, 1e-300)))


def _by_attempt(group: Sequence[Candidate]) -> list[Candidate]:
    return sorted(group, key=lambda one: (one.attempt, one.id))


def _ranked(group: Sequence[Candidate], odds: Mapping[str, float]) -> tuple[Candidate, ...]:
    return tuple(sorted(group, key=lambda one: (odds[one.id], one.id), reverse=True))

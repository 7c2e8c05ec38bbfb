"""Which candidate stands for each plan: chosen so that words alone tell the labels badly.

While a blind model still knows too much, relevant queries are put in other words by the model that
writes the irrelevant ones, and the candidates it picks out are drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from rarft.dataset_builder.build_accept import Chosen, StoredChoice
from rarft.dataset_builder.build_calls import Asked
from rarft.dataset_builder.build_draw import Material, draw, spend
from rarft.dataset_builder.build_record import balance_rounds
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.config import BuildConfig
from rarft.dataset_builder.draft_store import GUESSABLE
from rarft.dataset_builder.on_demand import OnDemand, picked
from rarft.dataset_builder.plan import levels_of, plan_keys, plans_of
from rarft.dataset_builder.rewrite_relevant import paraphrase, read_paraphrases
from rarft.dataset_builder.store import BALANCE, PlanKey
from rarft.dataset_builder.types import Candidate, Finding, Row, Verdict
from rarft.harness.stages.append_log import AppendLog

if TYPE_CHECKING:
    from rarft.dataset_builder.guessability import Selection

Groups = Mapping[PlanKey, Sequence[Candidate]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A selection among the candidates of some plans, beside relevant queries in given words."""

    keys: tuple[PlanKey, ...]
    selection: Selection
    is_paraphrased: bool = False

    @property
    def chosen(self) -> Chosen:
        """Return the candidate of each plan."""
        return dict(zip(self.keys, self.selection.chosen, strict=True))

    @property
    def leakage(self) -> float:
        """Return how far words tell the labels, 0.5 where that cannot be measured."""
        told: float | None = self.selection.to_json()["leakage_after"]
        return 0.5 if told is None else told

    @property
    def is_enough(self) -> bool:
        """Say whether words tell less than the target, or cannot be measured."""
        return self.selection.after is None or self.selection.is_met


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """What stands for each plan, how well words tell the labels, and what finding it has cost."""

    chosen: Chosen
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_paraphrased: bool = False
    asked: Asked = field(default_factory=Asked)


def balance(
    building: Building, active: Sequence[Row], material: Material, *, is_over: bool
) -> Balanced:
    """Choose a candidate for each plan; where words tell too much, paraphrase and redraw.

    Args:
        building: The build; its budget is what is left of it.
        active: The rows that are built from.
        material: All rows, their descriptions, and the candidates.
        is_over: Whether nothing may be asked any more.

    Raises:
        UserError: no answer can be had; what came is stored.
    """
    total = Asked(is_over=is_over)
    config = building.config
    rows = set_rows(active, usable_groups(building, active, material), config)
    before: float | None = None
    while True:
        groups = usable_groups(building, rows, material)
        choice, own = best_choice(building, rows, groups)
        before = own.selection.before
        n_rounds = len(balance_rounds(building.directory))
        if choice.is_enough or total.is_over or not config.guess_rounds:
            break
        asked = paraphrase(building, rows) if config.paraphrase and not n_rounds else Asked()
        if not asked.n_asked:
            if n_rounds >= config.guess_rounds:
                break
            asked = _redraw(building, rows, material, choice)
        total, building = total + asked, spend(building, asked)
    return Balanced(
        chosen=StoredChoice(choice.chosen, material.store),
        facts=_facts(building, choice, before=before),
        is_paraphrased=choice.is_paraphrased,
        asked=total,
    )


def usable_groups(building: Building, rows: Sequence[Row], material: Material) -> Groups:
    """Return the texts that can stand for each plan; plans without any are left out."""
    keys = plan_keys(rows, plans_of(building))
    groups = ((key, material.store.usable(key)) for key in keys)
    return {key: list(map(_without_answer, group)) for key, group in groups if group}


def _without_answer(candidate: Candidate) -> Candidate:
    """Return what is chosen by: the text."""
    return replace(candidate, categories=(), refusal="", reasons=())


def set_rows(active: Sequence[Row], groups: Groups, config: BuildConfig) -> Sequence[Row]:
    """Return the rows that will be in the set: where a number is asked for, those lacking nothing.

    What a row is lacking depends on its number in the source, so the rows stay in its order.
    """
    if config.n_queries is None:
        return active
    whole = (
        number
        for number, row in enumerate(active)
        if all((row.query.id, level) in groups for level in levels_of(number, config))
    )
    return picked(active, islice(whole, config.n_queries))


def best_choice(building: Building, rows: Sequence[Row], groups: Groups) -> tuple[Choice, Choice]:
    """Return the choice that leaks least, and that beside relevant queries in their own words."""
    own = _select(building, rows, groups)
    texts = read_paraphrases(building) if building.config.paraphrase else {}
    if not texts or own.is_enough:
        return own, own

    def told_row(number: int) -> Row:
        query = rows[number].query
        return replace(rows[number], query=replace(query, text=texts.get(query.id, query.text)))

    told = OnDemand(range(len(rows)), told_row)
    other = replace(_select(building, told, groups), is_paraphrased=True)
    return min((own, other), key=lambda choice: choice.leakage), own


def _select(building: Building, rows: Sequence[Row], groups: Groups) -> Choice:
    from rarft.dataset_builder.guessability import rank_candidates
    from rarft.dataset_builder.guessability.selection import N_ROUNDS

    has_choice = any(len(group) > 1 for group in groups.values())
    selection = rank_candidates(
        list(groups.values()),
        relevant=rows,
        seed=building.config.seed,
        target=building.config.guess_target,
        n_rounds=N_ROUNDS if has_choice else 0,
    )
    return Choice(keys=tuple(groups), selection=selection)


def _redraw(building: Building, rows: Sequence[Row], material: Material, choice: Choice) -> Asked:
    """Object to the chosen candidates that are picked out, and draw others in their places."""
    chosen, guessed = choice.chosen, choice.selection.p_relevant
    keys = [choice.keys[index] for index in choice.selection.redraw]
    left = [key for key in keys if material.store.n_attempts(key) < building.config.max_candidates]
    verdicts = [_guessable(chosen[key], guessed[chosen[key].id]) for key in left]
    material.store.judge(verdicts)
    row = {
        "auc": choice.selection.after,
        "leakage": choice.leakage,
        "is_paraphrased": choice.is_paraphrased,
        "n_chosen": len(chosen),
        "n_redrawn": len(verdicts),
    }
    with AppendLog(building.directory / BALANCE) as log:
        log.append([row])
    return draw(building, rows, material)


def _guessable(candidate: Candidate, p_relevant: float) -> Verdict:
    detail = f"a blind model gives it P(relevant) {p_relevant:.3f}"
    finding = Finding(reason=GUESSABLE, detail=detail, check="blind")
    return Verdict(candidate_id=candidate.id, findings=(finding,))


def _facts(building: Building, choice: Choice, *, before: float | None) -> dict[str, Any]:
    """Return what build.json and the card say about guessability.

    `before` is measured with the first candidates beside relevant queries in their own words.
    """
    rounds = balance_rounds(building.directory)
    told = choice.selection.to_json()
    return {
        **told,
        "blind_auc_before": before,
        "leakage_before": None if before is None else max(before, 1.0 - before),
        "is_paraphrased": choice.is_paraphrased,
        "n_redraw_rounds": len(rounds),
        "n_redrawn": sum(row["n_redrawn"] for row in rounds),
    }

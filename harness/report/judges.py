"""Who judged the explanations of a run, as its results.json says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from rarft.harness.report.schema import Results, number_of
from rarft.harness.types import Measure

SEVERAL: Final = "several judges"
FIGURES: Final[dict[str, str]] = {
    "categories": "rt_iou",
    "similarity": "sbert",
    "reasoning": "llm_score",
    "correction": "correction_sim",
}
"""The figure that rests on each measure, but for relevance, on which all rest."""
_DIGEST_CHARACTERS: Final = 12


@dataclass(frozen=True, slots=True)
class JudgeEntry:
    """What judged one measure; `model` may hold a digest behind an @, `text` what it was given."""

    measure: str
    judge: str
    version: str
    model: str = ""
    prompt_sha256: str = ""
    text: str = ""

    @property
    def short_name(self) -> str:
        """Return the name of the model that stands behind the judge, or else the judge's.

        Example:
            >>> JudgeEntry("similarity", "sbert", "1", "org/all-mpnet@sha256:0a1b").short_name
            'all-mpnet'
            >>> JudgeEntry("categories", "local", "1", "synth_hi@0a1b").short_name
            'local'
        """
        if self.judge == "local":
            return self.judge
        return self.model.partition("@")[0].rstrip("/").rpartition("/")[2] or self.judge

    @property
    def written(self) -> str:
        """Return judge, version and model, of whose digest only the beginning is kept.

        Example:
            >>> JudgeEntry("similarity", "sbert", "1", "mpnet@sha256:0a1b2c3d4e5f6a7b").written
            'sbert 1 (mpnet@0a1b2c3d4e5f)'
        """
        name, at, revision = self.model.partition("@")
        model = name + at + revision.removeprefix("sha256:")[:_DIGEST_CHARACTERS]
        return f"{self.judge} {self.version}" + (f" ({model})" if model else "")


def judges_of(results: Results) -> tuple[JudgeEntry, ...]:
    """Return the judges of a run, relevance first; what is no judge is left out."""
    stored = results.provenance.get("judges")
    found: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    return tuple(
        JudgeEntry(
            measure=measure,
            **{
                key: str(one.get(key) or "")
                for key in ("judge", "version", "model", "prompt_sha256", "text")
            },
        )
        for measure in get_args(Measure)
        if isinstance(one := found.get(measure), Mapping)
    )


def named_judge(runs: Sequence[Results], measure: str) -> str:
    """Return the short name of the one judge of a measure, or that there are several.

    Runs without a figure of the measure have no say.
    """
    entries = {
        one
        for results in runs
        if is_judged(results, measure)
        for one in judges_of(results)
        if one.measure == measure
    }
    return SEVERAL if len(entries) > 1 else next((one.short_name for one in entries), "")


def is_judged(results: Results, measure: str) -> bool:
    """Whether a run has a figure that rests on a measure, or would have had judges not failed."""
    if measure == "relevance":
        return any(is_judged(results, one) for one in FIGURES)
    return any(
        number_of(scores, FIGURES[measure]) is not None
        or bool(number_of(scores, f"n_unscored_{measure}"))
        for scores in results.results.values()
    )


def judge_notes(runs: Sequence[Results], *, labels: Sequence[str] = ()) -> list[str]:
    """Return who judged the shown explanations, one line for all runs with the same judges.

    A run that explains nothing is judged by none, unless its relevance was not read by the rules.

    Example:
        >>> from rarft.harness.report.schema import ModelEntry
        >>> judge = {"judge": "sbert", "version": "1", "model": "all-MiniLM-L6-v2"}
        >>> run = Results(schema_version=1, model=ModelEntry(name="m"),
        ...               results={"t": {"sbert,none": 0.5}},
        ...               provenance={"judges": {"similarity": judge}})
        >>> judge_notes([run])
        ['Judges: similarity by sbert 1 (all-MiniLM-L6-v2).']
    """
    lines: dict[str, list[str]] = {}
    names = labels or [results.model.label for results in runs]
    for results, name in zip(runs, names, strict=True):
        if said := _said(results):
            lines.setdefault(said, []).append(name)
    if len(lines) == 1:
        return [f"Judges: {said}." for said in lines]
    return [f"Judges of {', '.join(models)}: {said}." for said, models in lines.items()]


def _said(results: Results) -> str:
    """Name the judges of a run; measures of the same judge stand together."""
    entries = [
        one
        for one in judges_of(results)
        if is_judged(results, one.measure) or (one.measure == "relevance" and one.judge != "rule")
    ]
    measures: dict[str, list[str]] = {}
    for one in entries:
        measures.setdefault(one.written, []).append(one.measure)
    said = "; ".join(f"{', '.join(which)} by {by}" for by, which in measures.items())
    is_official = any(one.text == "official" for one in entries)
    return f"{said}; judged text: official" if is_official else said

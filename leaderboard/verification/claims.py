"""What results.json of an entry says beside its figures: flags, model, form, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.parsing import FORMS, Form
from rarft.harness.report.schema import Results
from rarft.harness.run_config import RunConfig, config_from_json
from rarft.leaderboard.entries.manifest import RESULTS, samples_name
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.types import Entry, Tier

NOTHING: Final[Mapping[str, Any]] = {}
_NAMES: Final = ("judge_model", "sbert_model", "category_weights")
_MAX_SEED: Final = 2**32
"""What the classifier of the blind floor takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The results of an entry, their flags as typed values, and the tier the entry claims."""

    path: Path
    results: Results
    config: RunConfig
    form: Form
    tier: Tier | None

    @property
    def place(self) -> str:
        """Return the file that messages about figures and flags name."""
        return str(self.path / RESULTS)

    def rows_of(self, task: str) -> str:
        """Return the file that messages about samples of a task name."""
        return str(self.path / samples_name(task))

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Return where the results say they come from."""
        return self.results.provenance


def part(record: Any, *keys: str) -> Mapping[str, Any]:
    """Return an object within others, empty where there is none.

    Example:
        >>> part({"a": {"b": {"c": 1}}}, "a", "b"), part({"a": 1}, "a", "b")
        ({'c': 1}, {})
    """
    for key in keys:
        record = record.get(key) if isinstance(record, Mapping) else None
    return record if isinstance(record, Mapping) else NOTHING


def read_claims(entry: Entry) -> Claims:
    """Return what an entry says of itself.

    Raises:
        EntryRefused: a flag or the form is out of range.
    """
    place = str(entry.path / RESULTS)
    return Claims(
        path=entry.path,
        results=entry.results,
        config=_config(entry.results.config, place),
        form=_form(entry.results.model.form, place),
        tier=entry.claimed_tier,
    )


def _config(record: Any, place: str) -> RunConfig:
    try:
        config = config_from_json(record)
    except UserError as error:
        raise _malformed(place, str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _malformed(place, f"got flags that cannot be read ({shown(str(error))})") from error
    typed = {
        **{name: (getattr(config, name), int) for name in ("seed", "n_resamples", "repeats")},
        **{name: (getattr(config, name), Mapping) for name in ("model_args", "metadata")},
        **{name: (getattr(config.judging, name), str | None) for name in _NAMES},
        "limit": (config.limit, int | float | None),
        "model": (config.model, str),
    }
    for name, (value, kind) in typed.items():
        if isinstance(value, bool) or not isinstance(value, kind):
            raise _malformed(place, f"{name}: got {shown(value)}, expected another type")
    if config.seed >= _MAX_SEED:
        raise _malformed(place, f"seed: got {config.seed}, expected a number below {_MAX_SEED}")
    return config


def _form(form: Any, place: str) -> Form:
    for known in FORMS:
        if form == known:
            return known
    raise EntryRefused(
        "schema",
        f"{place}: model.form: got {shown(form)}, expected one of {', '.join(FORMS)}; "
        "score the run again and submit it again",
    )


def _malformed(place: str, fault: str) -> EntryRefused:
    return EntryRefused(
        "schema", f"{place}: config: {fault}; score the run again and submit it again"
    )

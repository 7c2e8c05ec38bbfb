"""README.md of a built set: what the Hub reads of it, and what its users should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, StrictUndefined

from rarft.dataset_builder.output.found_build import BuildFacts, flat
from rarft.dataset_builder.output.licences import OTHER, Combined, spdx
from rarft.dataset_builder.output.parquet_shards import DATA
from rarft.dataset_builder.output.tally import LIMITS, NO_LEVEL, Tally, ordered
from rarft.harness.taxonomy import CATEGORIES, LEVELS

README: Final = "README.md"
_TEMPLATE: Final = Path(__file__).parent / "templates" / "dataset_card.md.jinja"
_SIZES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardContent:
    """Everything a card tells."""

    name: str
    tally: Tally
    facts: BuildFacts
    licence: Combined
    tasks: Mapping[str, str]
    versions: Mapping[str, str]


def card_text(content: CardContent) -> str:
    """Return the text of a dataset card; the same content gives the same bytes."""
    tally, facts = content.tally, content.facts
    environment = Environment(
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"cell": _cell, "count": _count}
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        front_matter=yaml.safe_dump(front_matter(content), sort_keys=False).strip(),
        name=content.name,
        tally=tally,
        licence=content.licence,
        tasks=content.tasks,
        levels=ordered(tally.levels, [*LEVELS, NO_LEVEL]),
        categories=ordered(tally.categories, CATEGORIES),
        category_levels=tally.category_levels,
        sources=tally.sources,
        citations=sorted({one.citation for one in tally.sources if one.citation}),
        limits={LIMITS[name]: count for name, count in tally.limits.items()},
        facts=facts,
        counts=flat(facts.counts),
        missing=facts.missing,
        rejected=facts.rejected_candidates,
        costs=flat(facts.costs),
        prompts=flat(facts.prompts),
        guessability=flat(facts.guessability),
        model=facts.config.get("llm_model"),
        seed=facts.config.get("seed"),
        versions={**flat(facts.versions), **content.versions},
    )


def front_matter(content: CardContent) -> dict[str, Any]:
    """Return what the Hub and `datasets.load_dataset` read of a card."""
    licence = content.licence.licence
    n_rows = content.tally.n_rows
    size = next((name for limit, name in _SIZES if n_rows < limit), "n>10M")
    return {
        "pretty_name": content.name,
        "license": licence.lower() if spdx(licence) else OTHER,
        **({} if spdx(licence) else {"license_name": "terms-of-each-source"}),
        "task_categories": ["video-text-to-text"],
        "tags": ["video-temporal-grounding", "refusal", "hard-irrelevant-queries", "rarft"],
        "size_categories": [size],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"{DATA}/{split}-*.parquet"}
                    for split in content.tally.splits
                ],
            }
        ],
    }


def _cell(value: object) -> str:
    """Return a text that stays in its cell of a Markdown table."""
    if isinstance(value, float):
        return f"{value:.6g}"
    shown = "–" if value is None or value == "" else str(value)
    escaped = shown.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())


def _count(value: int) -> str:
    return f"{value:,}"

"""The LLM's reading of an explanation: which of the 11 kinds of mismatch it names.

The prompt is the paper's Table 15 with the taxonomy of its Table 13; its output is our JSON object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, WithJsonSchema

from rarft.harness.judges.applies import Value
from rarft.harness.judges.case import Case
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Measure


def known_category(path: str) -> str:
    """Return a category path of the taxonomy.

    Raises:
        ValueError: there is no such category; the message is what the judge is told.
    """
    if path not in CATEGORIES:
        raise ValueError(f"expected one of {', '.join(CATEGORIES)}")
    return path


def distinct(paths: list[str]) -> list[str]:
    """Return each path once, in the order of the taxonomy."""
    return [path for path in CATEGORIES if path in paths]


_PATH_SCHEMA: Final = {"type": "string", "enum": list(CATEGORIES)}
CategoryPath = Annotated[str, AfterValidator(known_category), WithJsonSchema(_PATH_SCHEMA)]
CategoryPaths = Annotated[list[CategoryPath], AfterValidator(distinct)]


class Categories(BaseModel):
    """What the judge answers about categories."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: CategoryPaths


def categories_texts(case: Case) -> dict[str, str]:
    """Return what fills the prompt: the explanation, and no reference."""
    return {"response": case.text}


def read_categories(answer: BaseModel, case: Case) -> Mapping[Measure, Value]:
    """Return the categories that the judge's answer names, in the order of the taxonomy."""
    assert isinstance(answer, Categories)
    return {"categories": tuple(answer.categories)}

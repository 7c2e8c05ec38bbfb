"""What the model answers when it rewrites: Table 14's output, checked, and its parts.

Source: RA-RFT (CVPR 2026), Table 14.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rarft.harness.judges.categories import CategoryPath
from rarft.harness.taxonomy import Level

PaperLevel = Literal["strong", "moderated", "moderate", "weak"]
_BLOCK: Final = re.compile(r"<([a-z_]+)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_ANSWER: Final = "irrelevant_answer"


class Negative(BaseModel):
    """One irrelevant query with its reasoning in blocks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    difficulty: PaperLevel
    irrel_query: str = Field(min_length=1)
    applied_categories: list[CategoryPath] = Field(min_length=1, max_length=3)
    reasoning: str

    @model_validator(mode="after")
    def _has_its_blocks(self) -> Negative:
        found = blocks(self.reasoning)
        for tag in (_ANSWER, *map(tag_of, self.applied_categories)):
            if not found.get(tag):
                raise ValueError(f"reasoning lacks the block <{tag}>...</{tag}>")
        return self

    @property
    def level(self) -> Level:
        """Return the level; the paper's prompt calls the middle one moderated."""
        return "moderate" if self.difficulty == "moderated" else self.difficulty

    @property
    def refusal(self) -> str:
        """Return the refusal: that the query does not fit, and then why, category by category.

        Example:
            >>> text = "<irrelevant_answer>No.</irrelevant_answer>"
            >>> text += "<attribute_counting>There is one.</attribute_counting>"
            >>> Negative(difficulty="strong", irrel_query="two cats", reasoning=text,
            ...          applied_categories=["Attribute/Counting"]).refusal
            'No. There is one.'
        """
        return " ".join(
            (blocks(self.reasoning)[_ANSWER], *self.reasons_of(self.applied_categories))
        )

    def reasons_of(self, categories: list[str] | tuple[str, ...]) -> tuple[str, ...]:
        """Return the block of each category."""
        found = blocks(self.reasoning)
        return tuple(found[tag_of(path)] for path in categories)


class Rewrites(BaseModel):
    """What the model answers: one irrelevant query for each plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    negr: list[Negative] = Field(min_length=1, max_length=3)


def tag_of(path: str) -> str:
    """Return the tag of a category's block.

    Example:
        >>> tag_of("Object/ObjectExistence")
        'object_objectexistence'
    """
    return path.lower().replace("/", "_")


def blocks(reasoning: str) -> dict[str, str]:
    r"""Return the texts of the blocks by tag, each on one line.

    Example:
        >>> blocks("<irrelevant_answer>It is \n wrong.</irrelevant_answer>")
        {'irrelevant_answer': 'It is wrong.'}
    """
    return {tag.lower(): " ".join(text.split()) for tag, text in _BLOCK.findall(reasoning)}

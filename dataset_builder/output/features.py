"""The columns of a published set: those of a task's rows, their labels, and the origin.

`level` and `categories` are texts, so that `query_from_doc` reads a row as it is; `level_label` and
`category_labels` are the same as class labels, for which the names are part of the file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rarft.dataset_builder.types import Row
from rarft.harness.taxonomy import CATEGORIES, LEVELS
from rarft.tasks.records import base_name


def features() -> Any:
    """Return the `datasets.Features` of every split."""
    from datasets import ClassLabel, Features, List, Value

    text, number = Value("string"), Value("float64")
    return Features(
        {
            "id": text,
            "video": text,
            "text": text,
            "relevant": Value("bool"),
            "record": text,
            "spans": List(List(number, length=2)),
            "clip": List(number),
            "duration_s": number,
            "level": text,
            "level_label": ClassLabel(names=list(LEVELS)),
            "categories": List(text),
            "category_labels": List(ClassLabel(names=list(CATEGORIES))),
            "refusal": text,
            "relevant_query": text,
            "provenance": text,
            "source": text,
            "source_split": text,
            "source_file": text,
            "source_row": Value("int64"),
            "licence": text,
            "citation": text,
            "redistributable": Value("bool"),
        }
    )


def columns_of(row: Row) -> dict[str, Any]:
    """Return a row as the columns of `features`.

    Categories outside the taxonomy are kept as texts and have no label.

    Example:
        >>> from rarft.dataset_builder.types import Origin
        >>> from rarft.harness.types import Query
        >>> query = Query(id="1", task="", video="a.mp4", text="a dog", relevant=False, record="0",
        ...               level="weak", categories=("Attribute/Counting",))
        >>> origin = Origin(source="mine", split="test", licence="MIT", citation="",
        ...                 redistributable=True)
        >>> columns = columns_of(Row(query=query, origin=origin))
        >>> columns["level_label"], columns["category_labels"]
        ('weak', ['Attribute/Counting'])
    """
    query, origin = row.query, row.origin
    return {
        **query.to_doc(),
        "level_label": query.level if query.level in LEVELS else None,
        "category_labels": [name for name in query.categories if name in CATEGORIES],
        "source": origin.source,
        "source_split": origin.split,
        "source_file": base_name(origin.file),
        "source_row": origin.row,
        "licence": origin.licence,
        "citation": origin.citation,
        "redistributable": origin.redistributable,
    }


def without_folders(row: Row) -> Row:
    """Return a row whose origin names its file and no folder of this machine."""
    return replace(row, origin=replace(row.origin, file=base_name(row.origin.file)))

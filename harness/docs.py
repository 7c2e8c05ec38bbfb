"""The rows of a task as lm-eval reads them.

A plain list: lm-eval walks a task's rows several times, and a list is ten times faster to walk
than a datasets.Dataset.
"""

from collections.abc import Iterable
from typing import Any

from rarft.harness.types import Query


class Docs(list[dict[str, Any]]):
    """A list of rows with the one attribute of a datasets.Dataset that lm-eval asks for.

    `load_report` is what the loader counted while reading, `annotation_sha256` the digest of what
    it read; both go into the results.
    """

    load_report: dict[str, Any] | None = None
    annotation_sha256: str | None = None

    @property
    def features(self) -> dict[str, None]:
        """Return the column names, as keys."""
        return dict.fromkeys(self[0]) if self else {}


def docs_from_queries(queries: Iterable[Query]) -> Docs:
    """Return queries as rows."""
    return Docs(query.to_doc() for query in queries)

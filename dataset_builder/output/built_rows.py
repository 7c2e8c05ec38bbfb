"""What the task YAML of a built set names as its loader: the rows of one split, with all spans."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from rarft.dataset_builder.types import row_from_json
from rarft.harness.docs import Docs, docs_from_queries
from rarft.harness.errors import AnnotationError
from rarft.harness.types import Query
from rarft.tasks.annotation_files import own_annotation


def load(
    *,
    annotation: str,
    root: str | None = None,
    config_source: str | None = None,
    **_: Any,
) -> dict[str, Docs]:
    """Load the rows of a built split; lm-eval calls this with the task's whole metadata.

    Args:
        annotation: the file of rows.
        root: a folder a relative `annotation` may lie in.
        config_source: the task's YAML, whose folder a relative `annotation` may lie in.

    Raises:
        AnnotationError: a line is no row.
        NotFoundError: there is no such file.
    """
    beside = Path(config_source).parent if config_source else None
    folders = (Path(root) if root else None, beside)
    path = own_annotation(annotation, folders=tuple(folder for folder in folders if folder))
    digest, queries = hashlib.sha256(), []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            digest.update(line)
            try:
                queries.append(row_from_json(json.loads(line)).query)
            except (ValueError, KeyError, TypeError) as error:
                raise AnnotationError(
                    f"{path}:{number}: got a line that is no row ({error}), expected what "
                    "rarft-data card writes; make the set again"
                ) from error
    docs = docs_from_queries(queries)
    docs.load_report = _report(path, digest.hexdigest(), queries)
    docs.annotation_sha256 = digest.hexdigest()
    return {"test": docs}


def _report(path: Path, sha256: str, queries: list[Query]) -> dict[str, Any]:
    n_relevant = sum(query.relevant for query in queries)
    return {
        "annotation": path.name,
        "sha256": sha256,
        "n_records": len({query.record for query in queries}),
        "n_videos": len({query.video for query in queries}),
        "n_relevant": n_relevant,
        "n_irrelevant": len(queries) - n_relevant,
        "quirks": {},
    }

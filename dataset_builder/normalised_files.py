"""Rows and rejected rows of a source in two files that grow side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rarft.dataset_builder.sources.row_query import flags_of
from rarft.dataset_builder.types import Rejected, Row
from rarft.harness.errors import UserError

ROWS = "rows.jsonl"
REJECTED = "rejected_rows.jsonl"
_N_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written: `counts` of rows, rejected rows and flags, and the first rejections."""

    rows: Path
    rejected: Path
    counts: Counter[str]
    examples: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return what a terminal shows."""
        counts = ", ".join(f"{n:,} {name}" for name, n in sorted(self.counts.items()))
        n_more = self.counts["rejected"] - len(self.examples)
        more = [f"and {n_more:,} more in {self.rejected}"] if n_more > 0 else []
        return [counts, *self.examples, *more]


def write_normalised(
    found: Iterable[Row | Rejected], folder: Path, *, limit: int | None = None
) -> Written:
    """Write each row as it comes; the files take their names when the source has ended.

    Raises:
        UserError: the folder cannot be written to, or what is read cannot.
    """
    rows, rejected = folder / ROWS, folder / REJECTED
    drafts = [path.with_name(f".{path.name}.draft") for path in (rows, rejected)]
    counts: Counter[str] = Counter(rows=0, rejected=0)
    examples: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with drafts[0].open("w", encoding="utf-8") as good, drafts[1].open("w") as bad:
            for one in found:
                if isinstance(one, Rejected):
                    counts["rejected"] += 1
                    bad.write(json.dumps(asdict(one)) + "\n")
                    if len(examples) < _N_SHOWN:
                        examples.append(f"{one.file}, row {one.row}: {one.reason}")
                    continue
                counts["rows"] += 1
                counts.update(flags_of(one.query.provenance))
                good.write(json.dumps(one.to_json(), ensure_ascii=False) + "\n")
                if counts["rows"] == limit:
                    break
        for draft, path in zip(drafts, (rows, rejected), strict=True):
            draft.replace(path)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be written ({error.strerror}), expected a folder to write in; mend "
            "that and run again"
        ) from error
    finally:
        for draft in drafts:
            # Where the folder cannot be made, there is no draft either.
            with suppress(NotADirectoryError):
                draft.unlink(missing_ok=True)
    return Written(rows=rows, rejected=rejected, counts=counts, examples=tuple(examples))

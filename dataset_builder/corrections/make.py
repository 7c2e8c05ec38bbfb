"""Make an overlay: the rows of an annotation whose spans are not those of the original files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rarft.dataset_builder.corrections.annotations import Annotation
from rarft.dataset_builder.corrections.compare import Comparison, Found, compare
from rarft.dataset_builder.corrections.originals import Originals
from rarft.dataset_builder.types import Rejected
from rarft.harness.errors import AnnotationError
from rarft.harness.types import Span
from rarft.tasks.overlays import CorrectedFile, Correction, Reason, corrections_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The corrections to one annotation file, and what became of each of its relevant queries.

    `is_known` says whether they are the corrections that the variant expects of the official file;
    None where there is no variant or the annotation is another file.
    """

    corrections: tuple[Correction, ...]
    counts: Mapping[Found, int]
    reasons: Mapping[Reason, int]
    not_found: tuple[str, ...]
    rejected: tuple[Rejected, ...]
    is_known: bool | None


def make_overlay(annotation: Annotation, originals: Originals, *, is_official: bool) -> Made:
    """Compare an annotation with the original files and correct what is wrong.

    Args:
        annotation: the file as the loader reads it.
        originals: what the original files say.
        is_official: whether the annotation is the pinned file.

    Raises:
        AnnotationError: the original files hold none of the annotation's queries.
    """
    compared = list(compare(annotation.queries, originals))
    counts = Counter(one.found for one in compared)
    if counts["not_found"] == len(compared):
        raise AnnotationError(
            f"{annotation.path}: got original files with none of its {len(compared)} relevant "
            "queries, expected those it was made from; give their paths with --original"
        )
    corrections = tuple(_corrections(compared, annotation))
    variant = annotation.variant
    is_known = None
    if variant is not None and is_official:
        is_known = corrections_digest(corrections) == variant.corrected.digest
    return Made(
        corrections=corrections,
        counts=counts,
        reasons=Counter(one.reason for one in corrections),
        not_found=tuple(one.query.id for one in compared if one.found == "not_found"),
        rejected=originals.rejected,
        is_known=is_known,
    )


def _corrections(compared: Iterable[Comparison], annotation: Annotation) -> Iterator[Correction]:
    named = CorrectedFile(file=annotation.path.name, sha256=annotation.report.sha256)
    for one in compared:
        if one.original is not None and one.reason is not None:
            yield Correction(
                id=one.query.id,
                old=_pairs(one.query.spans),
                new=_pairs(one.original.spans),
                reason=one.reason,
                source=one.original.source,
                annotation=named,
            )


def _pairs(spans: Sequence[Span]) -> tuple[tuple[float, float], ...]:
    return tuple((span.start_s, span.end_s) for span in spans)

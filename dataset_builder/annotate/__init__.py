"""A local page on which people make rows, and accept, edit or reject generated ones."""

from rarft.dataset_builder.annotate.agreement import (
    PairAgreement,
    agreement_of,
    agreement_record,
    span_sets_tiou,
)
from rarft.dataset_builder.annotate.annotation import (
    Annotation,
    annotation_from_json,
    annotation_of_row,
    is_edited,
    row_of_annotation,
)
from rarft.dataset_builder.annotate.export import exported_rows
from rarft.dataset_builder.annotate.store import AnnotationStore, Item, Saved, StaleError

__all__ = [
    "Annotation",
    "AnnotationStore",
    "Item",
    "PairAgreement",
    "Saved",
    "StaleError",
    "agreement_of",
    "agreement_record",
    "annotation_from_json",
    "annotation_of_row",
    "exported_rows",
    "is_edited",
    "row_of_annotation",
    "span_sets_tiou",
]

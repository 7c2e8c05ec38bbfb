"""What the corrected variants must hold, where the official files and the overlays are."""

import os
from pathlib import Path

import pytest

from rarft.tasks import corrections, official
from rarft.tasks.corrected_metadata import corrected_task_files, read_corrected_metadata

VARIANTS = corrected_task_files()


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_variant_of_the_official_file_corrects_the_rows_that_are_known(name: str) -> None:
    metadata = read_corrected_metadata(VARIANTS[name])
    for variable, file in (
        ("RARFT_ANNOTATIONS", metadata.annotation),
        ("RARFT_CORRECTIONS", metadata.corrections),
    ):
        folder = os.environ.get(variable)
        if not folder or not (Path(folder) / file).is_file():
            pytest.skip(f"{variable} names no folder with {file}")
    stated = metadata.model_dump()
    docs = corrections.load(**stated)["test"]
    plain = official.load(**stated)["test"]
    changed = [one["id"] for one, other in zip(docs, plain, strict=True) if one != other]
    assert len(changed) == metadata.corrected.count
    assert sum(doc["relevant"] for doc in docs) == metadata.counts.relevant
    assert docs.load_report is not None
    assert docs.load_report["corrections"]["n_corrected"] == metadata.corrected.count

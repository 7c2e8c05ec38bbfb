import pytest

from rarft.tasks.corrected_metadata import (
    CorrectedMetadata,
    corrected_task_files,
    read_corrected_metadata,
)
from rarft.tasks.metadata import TaskMetadata, official_task_files, read_metadata, read_task_yaml

VARIANTS = corrected_task_files()
CORRECTED = {
    "fixed_hi_tvgbench": ("hi_tvgbench", 252),
    "fixed_ss_charades": ("ss_charades", 411),
    "multi_ss_qvhighlights": ("ss_qvhighlights", 530),
}


def test_each_known_defect_has_its_variant() -> None:
    read = {name: read_corrected_metadata(path) for name, path in VARIANTS.items()}
    assert {name: (one.variant_of, one.corrected.count) for name, one in read.items()} == CORRECTED


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_variant_reads_what_its_official_task_reads(name: str) -> None:
    variant = read_corrected_metadata(VARIANTS[name])
    official = read_metadata(official_task_files()[variant.variant_of])
    told_apart = {"description", "known_issues"}
    for field in set(TaskMetadata.model_fields) - told_apart:
        assert getattr(variant, field) == getattr(official, field), field
    assert set(variant.known_issues) < set(official.known_issues)
    assert variant.corrections == f"{name}.jsonl"


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_no_pattern_of_the_paper_matches_a_variant(name: str) -> None:
    assert not name.startswith(("hi_", "ss_", "human_", "vtg_"))


def test_an_official_task_is_no_variant() -> None:
    assert not set(VARIANTS) & set(official_task_files())
    metadata = read_task_yaml(official_task_files()["ss_charades"])["metadata"]
    with pytest.raises(ValueError, match="variant_of"):
        CorrectedMetadata.model_validate(metadata)

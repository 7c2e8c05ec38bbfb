from pathlib import Path

import pytest

from rarft.harness.errors import AnnotationError
from rarft.tasks.metadata import official_task_files, read_metadata
from rarft.tasks.training_file import (
    TRAINING_BLOB,
    TRAINING_COMMIT,
    TRAINING_FILE,
    training_file,
)


def test_the_training_file_is_of_the_commit_that_the_tasks_are_of() -> None:
    assert {read_metadata(path).commit for path in official_task_files().values()} == {
        TRAINING_COMMIT
    }


def test_another_file_of_the_name_is_never_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RARFT_ANNOTATIONS", str(tmp_path))
    (tmp_path / TRAINING_FILE).write_text("[]")
    with pytest.raises(AnnotationError, match=f"expected {TRAINING_BLOB}"):
        training_file()

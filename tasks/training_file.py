"""The official training file of HI-VTG: no task, but pinned as the files of the tasks are."""

from pathlib import Path
from typing import Final

from rarft.tasks.annotation_files import annotation_file

HI_VTG_TRAIN: Final = "hi_vtg_train"
TRAINING_FILE: Final = f"{HI_VTG_TRAIN}.json"
TRAINING_COMMIT: Final = "8843cbb259cd5661e59654ea609fc844b00a175b"
TRAINING_BLOB: Final = "63d78366f14d4dd6ddadb4ac0f018e41707ca509"


def training_file() -> Path:
    """Return the path of the training file, found as a task's annotation is.

    Raises:
        AnnotationError: a file of that name is another one, or it cannot be downloaded.
        NotFoundError: RARFT_ANNOTATIONS is not a directory.
    """
    return annotation_file(TRAINING_FILE, commit=TRAINING_COMMIT, blob=TRAINING_BLOB)

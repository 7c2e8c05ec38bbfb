"""What a corrected variant of an official task must state about itself."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from rarft.tasks.metadata import TaskMetadata, read_task_yaml

LOADER: Final = "rarft.tasks.corrections.load"


class Corrected(BaseModel):
    """How many rows of the pinned file are corrected, and the digest of what they become."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    count: Annotated[int, Field(ge=1)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CorrectedMetadata(TaskMetadata):
    """The `metadata` of a corrected variant; `variant_of` is the official task it corrects."""

    variant_of: Annotated[str, Field(min_length=1)]
    corrections: Annotated[str, Field(pattern=r"^[a-z_]+\.jsonl$")]
    corrected: Corrected
    originals: Annotated[str, Field(min_length=1)]


def corrected_task_files() -> dict[str, Path]:
    """Return the YAML file of each corrected variant, by task name in alphabetical order."""
    tasks = {path: read_task_yaml(path) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
    return {task["task"]: path for path, task in tasks.items() if task["custom_dataset"] == LOADER}


def read_corrected_metadata(path: Path) -> CorrectedMetadata:
    """Read and check the metadata of a corrected variant's YAML file.

    Raises:
        pydantic.ValidationError: a key is missing, unknown or of the wrong type.
    """
    return CorrectedMetadata.model_validate(read_task_yaml(path)["metadata"])

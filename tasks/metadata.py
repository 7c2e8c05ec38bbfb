"""What a packaged official task must state about itself, checked on the task's YAML file.

lm-eval hands a loader the same mapping mixed with the command line's model arguments, so the
strict check is made here, on the file, and the loader checks only what it uses.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from rarft.harness.taxonomy import Level
from rarft.tasks.official import Select

GitId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)] | None


class Counts(BaseModel):
    """How much a task holds; null where nobody has measured it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    records: Count
    videos: Count
    relevant: Count
    irrelevant: Count


class TaskMetadata(BaseModel):
    """The `metadata` of one official task; `version` rises whenever a score can change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    version: Annotated[float, Field(ge=1)]
    description: Text
    annotation: Annotated[str, Field(pattern=r"^[a-z_]+\.json$")]
    repository: Literal["JINSUBY/RA-RFT"]
    commit: GitId
    blob: GitId
    select: Select = "all"
    negatives: Level | None = None
    counts: Counts
    licence: Text
    citation: Text
    videos: Text
    prompt_mode: Literal["refusal", "native"]
    paper_table: Annotated[str, Field(pattern=r"^Table \d+$")]
    known_issues: list[Text] = []


def official_task_files() -> dict[str, Path]:
    """Return the YAML file of each official task, by task name in alphabetical order."""
    loader = "rarft.tasks.official.load"
    tasks = {path: read_task_yaml(path) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
    return {task["task"]: path for path, task in tasks.items() if task["custom_dataset"] == loader}


def read_metadata(path: Path) -> TaskMetadata:
    """Read and check the metadata of an official task's YAML file.

    Raises:
        pydantic.ValidationError: a key is missing, unknown or of the wrong type.
    """
    return TaskMetadata.model_validate(read_task_yaml(path)["metadata"])


def read_task_yaml(path: Path) -> dict[str, Any]:
    """Read one task YAML as it stands: functions as their dotted names, includes not followed."""
    loaded: dict[str, Any] = yaml.load(path.read_bytes(), Loader=_FunctionsAsNames)
    return loaded


class _FunctionsAsNames(yaml.SafeLoader):
    """A safe loader that reads `!function a.b` as the text "a.b"."""


_FunctionsAsNames.add_constructor("!function", lambda loader, node: node.value)

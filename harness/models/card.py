"""A model card: everything that makes a checkpoint comparable, in one YAML file.

Cards are data. A new model of a known backend is one file here, or in a folder given by
`--include_path`; nothing else has to be touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rarft.harness.errors import UserError
from rarft.harness.parsing import Form
from rarft.harness.video.policy import FramesPolicy

Family = Literal["vlp", "sft", "rft", "base", "baseline"]
PromptMode = Literal["refusal", "native"]


class Output(BaseModel):
    """How the model writes its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Form = "generic"


class Card(BaseModel):
    """One model: its family, backend, checkpoint, prompts, frames, decoding and output form.

    `prompt` holds a text per mode with `{query}` in it, or the name of a `.txt` file with one,
    beside the card or packaged.
    `status` is shown wherever the model's name is, such as "untrained".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str | None = None
    family: Family
    backend: str
    checkpoint: str | None = None
    revision: str | None = None
    status: str | None = None
    system: str | None = None
    order: Literal["video_text", "text_video"] = "video_text"
    prompt: dict[PromptMode, str] = Field(default_factory=dict)
    frames: FramesPolicy | None = None
    generation: dict[str, Any] = Field(default_factory=dict)
    output: Output = Output()
    licence: str
    source: str
    notes: str = ""

    @property
    def reads_video(self) -> bool:
        """Whether requests to this model carry a video."""
        return self.frames is not None


def read_card(path: Path) -> Card:
    """Read one card file.

    Raises:
        UserError: the file is not YAML, or a field is missing, unknown or of the wrong type.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Card.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).replace("\n", " ")
        raise UserError(f"{path}: got a file that is not YAML ({reason}); mend the card") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the card"
        raise UserError(
            f"{path}: got a model card whose {field} is invalid ({first['msg']}); mend the field"
        ) from error

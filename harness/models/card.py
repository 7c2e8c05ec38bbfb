"""A model card: everything that makes a checkpoint comparable, in one YAML file.

Cards are data. A new model of a known backend is one file here, or in a folder given by
`--include_path`; nothing else has to be touched.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rarft.harness.errors import UserError
from rarft.harness.parsing import Form
from rarft.harness.video.policy import FramesPolicy

Family = Literal["vlp", "sft", "rft", "base", "baseline"]
PromptMode = Literal["refusal", "native"]
Level = Literal["weights", "architecture", "protocol", "none"]


class Output(BaseModel):
    """How the model writes its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    form: Form = "generic"


class Verified(BaseModel):
    """How far a card has been run.

    `weights`: with the checkpoint itself. `architecture`: with random weights of its architecture,
    through the card's backend. `protocol`: its runner has spoken to a stand-in of the model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level = "none"
    date: datetime.date | None = None
    note: str = ""

    @model_validator(mode="after")
    def _says_what_was_run(self) -> Self:
        if self.level != "none" and not (self.date and self.note):
            raise ValueError(f"level {self.level} needs the date and a note on what was run")
        return self


class OfficialPrompt(BaseModel):
    """A prompt that the model's authors published: where it is, and its digest, never its text.

    `sha256` is that of `official_prompt.prompt_sha256`; it is None where the text could not be
    seen, and the note says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    note: str = ""

    @model_validator(mode="after")
    def _says_why_there_is_no_digest(self) -> Self:
        if self.sha256 is None and not self.note:
            raise ValueError("an official prompt without sha256 needs a note that says why")
        return self


class PaperRows(BaseModel):
    """How the paper calls the model, and the tables that have a row for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: str
    tables: tuple[int, ...]


class Card(BaseModel):
    """One model: its family, backend, checkpoint, prompts, frames, decoding and output form.

    `prompt` holds a text per mode with `{query}` in it, or the name of a `.txt` file with one,
    beside the card or packaged.
    `frames` is what this package samples; `own_frames` says in words what a model samples by
    itself, from the video file.
    `status` is shown wherever the model's name is, such as "untrained".
    `frame_label` tells a frame's time, or its number by `{index}` from 0, to a model that is shown
    images instead of a video.
    `architecture` is transformers' name of the model type; `runner` is the script that a user
    starts in the model's own environment.
    `licence` is that of the weights. `sources` says of any field where its value was read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str | None = None
    family: Family
    paper: PaperRows | None = None
    backend: str
    runner: str | None = None
    checkpoint: str | None = None
    revision: str | None = None
    architecture: str | None = None
    status: str | None = None
    system: str | None = None
    order: Literal["video_text", "text_video"] = "video_text"
    frame_label: str = "{time_s:.1f} s:"
    prompt: dict[PromptMode, str] = Field(default_factory=dict)
    official_prompt: tuple[OfficialPrompt, ...] = ()
    frames: FramesPolicy | None = None
    own_frames: str | None = None
    generation: dict[str, Any] = Field(default_factory=dict)
    output: Output = Output()
    verified: Verified = Verified()
    licence: str
    source: str
    sources: dict[str, str] = Field(default_factory=dict)
    notes: str = ""

    @property
    def reads_video(self) -> bool:
        """Whether requests to this model carry a video."""
        return self.frames is not None or self.own_frames is not None

    @model_validator(mode="after")
    def _sources_name_fields(self) -> Self:
        unknown = sorted(set(self.sources) - set(type(self).model_fields))
        if unknown:
            raise ValueError(f"sources names '{unknown[0]}', which is no field of a card")
        return self


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

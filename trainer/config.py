"""What a recipe says beside TRL's own `GRPOConfig` and `ModelConfig`, as TrlParser reads it.

Nothing here is heavy to import, so that `rarft-train --help` is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

from rarft.harness.models.card import PromptMode
from rarft.harness.taxonomy import HARD_LEVELS
from rarft.harness.video.policy import FramesPolicy

Method = Literal["grpo", "sft"]
Negatives = Literal["hard", "shuffled", "mixed"]
AnswerStyle = Literal["reference", "synth_hi"]

METHODS: tuple[Method, ...] = get_args(Method)
PAPER_REWARDS = ("format", "refuse_iou", "explain", "correct")


def _says(text: str) -> dict[str, str]:
    """Return what a field says of itself in `--help`."""
    return {"help": text}


@dataclass(frozen=True, kw_only=True)
class RunArguments:
    """How a model is trained: the method, what it is asked and shown, and what is rewarded."""

    method: Method = field(
        default="grpo", metadata=_says("grpo, or sft for supervised fine-tuning on the same rows")
    )
    card: str = field(
        default="qwen2_5_vl_7b",
        metadata=_says("The model card: prompt, message order, frames, weights."),
    )
    include_path: list[str] | None = field(
        default=None, metadata=_says("Folders with model cards of one's own.")
    )
    prompt_mode: PromptMode = field(
        default="refusal", metadata=_says("Which of the card's prompts is asked.")
    )
    prompt_file: str | None = field(
        default=None, metadata=_says("A text with {query} in it, instead of the card's.")
    )
    rewards: list[str] = field(
        default_factory=lambda: list(PAPER_REWARDS),
        metadata=_says("Names of the reward functions that are summed."),
    )
    encoder: str | None = field(
        default=None, metadata=_says("Sentence-BERT of the rewards: a Hub id or a folder.")
    )
    answer: AnswerStyle = field(
        default="reference",
        metadata=_says("What sft teaches: the reference, or with synth_hi the thought before it."),
    )
    freeze_vision: bool = field(default=True, metadata=_says("Leave the vision tower as it is."))
    train_merger: bool = field(
        default=True, metadata=_says("Train the tower's merger although the tower is frozen.")
    )
    fps: float | None = field(
        default=None,
        metadata=_says("Frames a second; like the next five, of the card if not given"),
    )
    min_frames: int | None = field(default=None, metadata=_says("Fewest frames of a video."))
    max_frames: int | None = field(default=None, metadata=_says("Most frames of a video."))
    total_pixels: int | None = field(
        default=None, metadata=_says("Pixels of all frames of a video.")
    )
    min_pixels: int | None = field(default=None, metadata=_says("Fewest pixels of a frame."))
    max_pixels: int | None = field(default=None, metadata=_says("Most pixels of a frame."))
    frames_cache: bool = field(
        default=True, metadata=_says("Keep decoded frames on disk for the next epochs and runs.")
    )
    video_memory_gb: float = field(
        default=4.0, metadata=_says("Memory of each process for preprocessed videos.")
    )
    share_prompts: bool = field(
        default=True,
        metadata=_says(
            "grpo: read a prompt once for all completions of its group in a micro-batch."
        ),
    )
    evaluate_on: list[str] | None = field(
        default=None, metadata=_says("Tasks that rarft-eval runs after the last step.")
    )
    evaluate_limit: int | None = field(
        default=None, metadata=_says("Queries of each of these tasks; all by default.")
    )
    processes: int = field(
        default=1,
        metadata=_says("How many processes the recipe is written for; a dry run counts with them."),
    )
    gpu_memory_gb: float | None = field(
        default=None, metadata=_says("GiB of one GPU that a dry run compares with.")
    )
    dry_run: bool = field(
        default=False, metadata=_says("Print steps, tokens and memory, and stop.")
    )

    def policy(self, frames: FramesPolicy) -> FramesPolicy:
        """Return a card's frames with what is given here instead.

        Example:
            >>> RunArguments(fps=1.0).policy(FramesPolicy()).fps
            1.0
        """
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(frames, **{name: given[name] for name in frames.to_json() if name in given})


@dataclass(frozen=True, kw_only=True)
class DataArguments:
    """Which videos are learned from, and which of their queries an epoch asks."""

    dataset_name: str = field(
        default="hi_vtg_train",
        metadata=_says(
            "hi_vtg_train, synth_hi, a file in the official schema, a folder or file of rows, or a "
            "Hub id."
        ),
    )
    dataset_config: str | None = field(
        default=None, metadata=_says("The configuration of a Hub dataset.")
    )
    dataset_revision: str | None = field(
        default=None, metadata=_says("The revision of a Hub dataset.")
    )
    dataset_train_split: str = field(default="train", metadata=_says("The split of a Hub dataset."))
    video_folder: str | None = field(
        default=None, metadata=_says("Folders with the videos, as in RARFT_VIDEOS.")
    )
    negatives: Negatives = field(
        default="hard", metadata=_says("hard, shuffled (queries of other videos), or mixed.")
    )
    levels: list[str] = field(
        default_factory=lambda: list(HARD_LEVELS),
        metadata=_says("The levels of hard-irrelevant queries to draw from."),
    )
    max_videos: int | None = field(
        default=None, metadata=_says("Only the first videos that pass the filters.")
    )
    min_duration_s: float | None = field(default=None, metadata=_says("Leave shorter videos out."))
    max_duration_s: float | None = field(default=None, metadata=_says("Leave longer videos out."))
    max_query_words: int | None = field(default=None, metadata=_says("Leave longer queries out."))
    max_file_mb: float | None = field(default=None, metadata=_says("Leave larger video files out."))
    synth_seed: int = field(default=2, metadata=_says("The seed of the HI-Synth train split."))
    synth_videos: int = field(default=1000, metadata=_says("How many of its videos are made."))

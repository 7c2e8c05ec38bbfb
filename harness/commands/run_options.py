"""The flags of `rarft-eval run`, with lm-eval's names where it has them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from rarft.harness.replies import Policy
from rarft.harness.video.input import VideoInput

IncludePath = Annotated[
    list[str] | None,
    typer.Option("--include_path", help="A folder with more tasks and model cards; repeatable."),
]
ModelName = Annotated[str | None, typer.Option("--model", help="A model card's name.")]
TaskNames = Annotated[
    str | None, typer.Option("--tasks", help="Names or patterns, comma separated: 'hi_*'.")
]
ModelArgs = Annotated[
    str,
    typer.Option(
        "--model_args",
        help="key=value,key=value for the backend; backend=NAME takes another than the card's.",
    ),
]
BatchSize = Annotated[str, typer.Option("--batch_size", help="A number, or auto.")]
Limit = Annotated[str | None, typer.Option("--limit", help="Queries per task, or a share below 1.")]
OutputPath = Annotated[
    Path | None, typer.Option("--output_path", help="Where to keep the run [runs/MODEL].")
]
GenKwargs = Annotated[
    str, typer.Option("--gen_kwargs", help="key=value over the card's generation settings.")
]
Seed = Annotated[int, typer.Option("--seed")]
Metadata = Annotated[str, typer.Option("--metadata", help="A JSON object for the task loaders.")]
PromptFile = Annotated[
    str | None, typer.Option("--prompt_file", help="A prompt with {query} in it.")
]
PromptModeOption = Annotated[
    Literal["refusal", "native"] | None,
    typer.Option("--prompt_mode", help="Whose prompt [the task's]."),
]
VideoInputOption = Annotated[
    VideoInput,
    typer.Option("--video_input", help="Show each video, black frames, or another video."),
]
Repeats = Annotated[
    int, typer.Option("--repeats", help="How often to ask each query; above 1, sample.")
]
PolicyOption = Annotated[Policy, typer.Option("--policy", help="How an unparsed reply counts.")]
Resamples = Annotated[int, typer.Option("--n_resamples")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="A results.json to repeat; other flags go on top."),
]
DryRun = Annotated[
    bool, typer.Option("--dry_run", help="Say what would be sent, and send nothing.")
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh/--resume", help="Forget what the directory holds, or go on with it."),
]

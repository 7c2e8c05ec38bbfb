"""Progress of a run on stderr: a bar with the time left, and the figures of each logging step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from transformers import TrainerCallback

from rarft.trainer.watched_rewards import REFUSED_IRRELEVANT, REFUSED_RELEVANT, UNPARSED

_TITLES: Final[Mapping[str, str]] = {
    "loss": "loss",
    "reward": "reward",
    REFUSED_RELEVANT: "refused relevant",
    REFUSED_IRRELEVANT: "refused irrelevant",
    UNPARSED: "unparsed",
    "completions/mean_length": "length",
    "kl": "KL",
    "entropy": "entropy",
    "frac_reward_zero_std": "groups without spread",
    "videos/redrawn": "redrawn",
}
_SHARES: Final = (REFUSED_RELEVANT, REFUSED_IRRELEVANT, UNPARSED, "frac_reward_zero_std")


def step_figures(logs: Mapping[str, Any]) -> dict[str, str]:
    """Return what is shown of a logging step, in a fixed order; each reward follows their sum.

    Example:
        >>> step_figures({"kl": 0.0123, "reward": 1.5, "rewards/format/mean": 0.75,
        ...               "refusal_rate/relevant": 0.25, "completions/mean_length": 81.5})
        {'reward': '1.500', 'format': '0.750', 'refused relevant': '25.0%', 'length': '81.5', \
'KL': '0.0123'}
    """
    figures: dict[str, str] = {}
    for key, title in _TITLES.items():
        value = logs.get(key)
        if isinstance(value, int | float):
            figures[title] = _written(key, value)
        if key == "reward":
            figures |= _rewards(logs)
    return figures


class TrainingProgress(TrainerCallback):
    """A bar over all steps, and one line for each logging step, in the main process."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._progress: Progress | None = None
        self._bar = TaskID(0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Show the bar."""
        if not state.is_world_process_zero:
            return
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._bar = self._progress.add_task(
            "steps", total=state.max_steps, completed=state.global_step
        )
        self._progress.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Move the bar."""
        if self._progress is not None:
            self._progress.update(self._bar, completed=state.global_step)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Print the figures of a logging step."""
        if self._progress is None or not logs:
            return
        figures = step_figures(logs)
        if figures:
            shown = "  ".join(f"{title} {value}" for title, value in figures.items())
            self._console.print(
                f"step {state.global_step}/{state.max_steps}  {shown}",
                markup=False,
                style="dim",
                soft_wrap=True,
            )

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _rewards(logs: Mapping[str, Any]) -> dict[str, str]:
    """Return the mean of each reward by its name."""
    return {
        key.removeprefix("rewards/").removesuffix("/mean"): f"{value:.3f}"
        for key, value in logs.items()
        if key.startswith("rewards/") and key.endswith("/mean") and isinstance(value, int | float)
    }


def _written(key: str, value: float) -> str:
    if key in _SHARES:
        return f"{value:.1%}"
    if key == "completions/mean_length":
        return f"{value:.1f}"
    if key == "videos/redrawn":
        return f"{value:g}"
    return f"{value:.4f}" if key in ("kl", "loss") else f"{value:.3f}"

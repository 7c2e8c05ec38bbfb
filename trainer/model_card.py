"""README.md of a trained model, and its way to the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, StrictUndefined

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import UserError
from rarft.harness.models.card import Card
from rarft.harness.report import Results, markdown_table
from rarft.trainer.train_record import TrainRecord

README: Final = "README.md"
_TEMPLATE: Final = "model_card.md.jinja"
_METHODS: Final[Mapping[str, str]] = {
    "grpo": "refusal-aware reinforcement fine-tuning (GRPO)",
    "sft": "supervised fine-tuning",
}
_COUNTS: Final = ("n_videos", "n_relevant", "n_irrelevant", "n_rows")


def write_model_card(
    record: TrainRecord, folder: Path, *, card: Card, results: Results | None
) -> Path:
    """Write README.md with the recipe, the data and the results.

    Args:
        record: What made the model.
        folder: Where its weights lie.
        card: Its model card.
        results: Its evaluation, where there is one.

    Raises:
        UserError: it cannot be written.
    """
    path = folder / README
    write_atomic(path, model_card(record, card=card, results=results).encode())
    return path


def model_card(record: TrainRecord, *, card: Card, results: Results | None) -> str:
    """Return the text of a model card."""
    is_local = Path(record.base).is_absolute() or record.base.startswith((".", "package:"))
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    source = (files("rarft.trainer") / "templates" / _TEMPLATE).read_text(encoding="utf-8")
    base = Path(record.base).name if is_local else record.base
    return environment.from_string(source).render(
        record=record,
        card=card,
        method=_METHODS.get(record.method, record.method),
        rewards=record.recipe.get("rewards", ()) if record.method == "grpo" else (),
        base_link=base if is_local else f"[{base}](https://huggingface.co/{base})",
        counts={key.removeprefix("n_"): record.data[key] for key in _COUNTS if key in record.data},
        recipe=yaml.safe_dump(dict(record.recipe), sort_keys=True, width=88).strip(),
        results_table=markdown_table([results], intervals=True) if results is not None else "",
        front_matter=yaml.safe_dump(
            _front_matter(record, card, base=None if is_local else base), sort_keys=False
        ).strip(),
    )


def _front_matter(record: TrainRecord, card: Card, *, base: str | None) -> dict[str, Any]:
    """Return what the Hub reads of a model card."""
    return {
        "library_name": "transformers",
        "pipeline_tag": "video-text-to-text",
        "license": card.licence.lower(),
        **({"base_model": base} if base else {}),
        "tags": ["video-temporal-grounding", "refusal", "rarft", record.method],
    }


def push_model(
    folder: Path,
    repo_id: str,
    *,
    is_private: bool = False,
    token: str | None = None,
    endpoint: str | None = None,
    message: str = "Upload the trained model",
) -> str:
    """Upload a model's folder to the Hub and return the address of the commit.

    Args:
        folder: Weights, processor, README.md and cards.
        repo_id: `<owner>/<name>`.
        is_private: Whether a repository that is made now is private.
        token: The user's, or what `hf auth login` stored.
        endpoint: Another Hub than the public one.
        message: The commit's.

    Raises:
        UserError: the Hub cannot be reached or refuses.
    """
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    api = HfApi(endpoint=endpoint, token=token)
    try:
        api.create_repo(repo_id, private=is_private, exist_ok=True, repo_type="model")
        commit = api.upload_folder(
            repo_id=repo_id, folder_path=folder, commit_message=message, repo_type="model"
        )
    except (HfHubHTTPError, HFValidationError, httpx.HTTPError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"got hub_model_id={repo_id}, which cannot be pushed to ({reason}), expected a "
            f"repository of yours; log in with `hf auth login` and push {folder} again"
        ) from error
    return str(commit.commit_url)

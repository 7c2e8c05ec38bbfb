"""The table of models in docs/models.md, made from the cards.

`python -m rarft.harness.models.cards_table docs/models.md` writes it into the page again.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, get_args

from rarft.harness.models import PACKAGED_CARDS, card_paths, read_card
from rarft.harness.models.backend_choice import backends_of
from rarft.harness.models.card import Card, PromptMode

BEGIN: Final = (
    "<!-- models: begin (made by python -m rarft.harness.models.cards_table docs/models.md) -->"
)
END: Final = "<!-- models: end -->"

_MODEL_COLUMNS: Final = (
    *("Model", "Family", "In the paper", "Backends", "Checkpoint"),
    *("Licence of the weights", "Verified"),
)
_INPUT_COLUMNS: Final = (
    *("Model", "Frames", "Message", "Refusal prompt", "Native prompt"),
    *("Published prompts", "Form"),
)
_FAMILIES: Final = ("vlp", "sft", "rft", "base")


def models_table() -> str:
    """Return the packaged models as two Markdown tables, without baselines.

    The first says what each model is, the second what it is shown and asked. Families stand in the
    order of the paper's tables.
    """
    cards = [read_card(path) for path in card_paths().values() if path.parent == PACKAGED_CARDS]
    shown = sorted(
        (card for card in cards if card.family in _FAMILIES),
        key=lambda card: (_FAMILIES.index(card.family), card.name),
    )
    models = _table(_MODEL_COLUMNS, map(_model_cells, shown))
    inputs = _table(_INPUT_COLUMNS, map(_input_cells, shown))
    return f"{models}\n\n{inputs}"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _model_cells(card: Card) -> list[str]:
    unnamed = "in the runner" if card.backend == "bridge" else "given by the user"
    return [
        f"`{card.name}`",
        card.family,
        card.paper.row if card.paper else "–",
        ", ".join(backends_of(card)),
        card.checkpoint or unnamed,
        card.licence,
        card.verified.level,
    ]


def _input_cells(card: Card) -> list[str]:
    prompts = (card.prompt.get(mode) for mode in get_args(PromptMode))
    return [
        f"`{card.name}`",
        frames_in_words(card),
        _message(card),
        *(f"`{named}`" if named else "the bare query" for named in prompts),
        _published(card),
        f"`{card.output.form}`",
    ]


def frames_in_words(card: Card) -> str:
    """Say which frames a model sees.

    Example:
        >>> frames_in_words(Card(name="m", family="base", backend="hf", licence="", source="",
        ...                      frames={"max_frames": 64, "total_pixels": 2809856}))
        '2 fps, 4 to 64 frames, 2.81 Mpx in all'
    """
    if card.own_frames:
        return card.own_frames
    if card.frames is None:
        return "none: stored features" if card.family == "vlp" else "–"
    frames = card.frames
    return (
        f"{frames.fps:g} fps, {frames.min_frames} to {frames.max_frames} frames, "
        f"{frames.total_pixels / 1e6:.3g} Mpx in all"
    )


def _message(card: Card) -> str:
    if not card.reads_video:
        return "–"
    order = "text, video" if card.order == "text_video" else "video, text"
    return order if card.system is None else f"system, {order}"


def _published(card: Card) -> str:
    """Link each published prompt; the digest is short here and whole in the card."""
    links = []
    for one in card.official_prompt:
        digest = f"`{one.sha256[:12]}`" if one.sha256 else "not seen"
        links.append(f"[{one.name}]({one.source}) {digest}")
    return ", ".join(links) or "none"


def with_models(page: str) -> str:
    """Return a page with the text between its markers made anew.

    Raises:
        ValueError: the page has no pair of markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"got a page without {BEGIN!r} and {END!r}, expected both; add them")
    return f"{before}{BEGIN}\n{models_table()}\n{END}{after}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(with_models(target.read_text()))

"""Whether an entry names its judges, its prompts and its form as this package knows them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.judges import similarity
from rarft.harness.judges.encoder import DEFAULT_ENCODER
from rarft.harness.judges.judge_config import NONE, JudgeConfig
from rarft.harness.models import Card, card_paths, read_card
from rarft.harness.models.backend_choice import with_backend
from rarft.harness.stages.judge import judge_identities
from rarft.harness.stages.run_record import prompt_provenance
from rarft.harness.types import Measure
from rarft.leaderboard.entries.refusal import EntryRefused, shown
from rarft.leaderboard.verification.claims import Claims, part
from rarft.leaderboard.verification.own_encoder import own_encoder_identity
from rarft.leaderboard.verification.verified import Check

_ENCODED: Final[tuple[Measure, ...]] = ("similarity", "correction")


def check_provenance(claims: Claims, *, include_path: Sequence[Path]) -> list[Check]:
    """Compare what the entry says of its judges, prompts and form.

    Cards are the packaged ones and those of the verifier's own folders.

    Raises:
        EntryRefused: a judge, a prompt or the form is another than the entry's flags make it.
    """
    _check_judges(claims)
    model = claims.results.model
    if model.name != claims.config.model:
        raise _differs(claims, "model.name", model.name, claims.config.model)
    for name in ("backend", "card_backend"):
        if claims.provenance.get(name) != getattr(model, name):
            raise _differs(claims, name, claims.provenance.get(name), getattr(model, name))
    if claims.provenance.get("seed") != claims.config.seed:
        raise _differs(claims, "seed", claims.provenance.get("seed"), claims.config.seed)
    card = _find_card(claims.config.model, include_path)
    checks = [_check_prompts(claims, card)]
    if card is not None:
        _check_card(claims, card)
    detail = "tokens, seconds, hardware, versions of engines and what the submitter says of it"
    return [*checks, Check(name="said", outcome="taken", detail=detail)]


def _check_card(claims: Claims, card: Card) -> None:
    """Compare how the model was run, and what its name always carries, with its card here."""
    arguments, model = claims.config.model_args, claims.results.model
    try:
        chosen, _ = with_backend(card, arguments)
    except UserError as error:
        raise EntryRefused(
            "provenance_differs", f"{claims.place}: config.model_args: {error}"
        ) from error
    # Other backends take no form: whoever names one has a model read that answers otherwise.
    is_replayed = chosen.backend == "replay"
    form = arguments.get("form", card.output.form) if is_replayed else card.output.form
    own = {"card_backend": card.backend, "backend": chosen.backend, "form": form}
    for name, expected in (own | {"status": card.status}).items():
        if getattr(model, name) != expected:
            raise _differs(claims, f"model.{name}", getattr(model, name), expected)


def _check_judges(claims: Claims) -> None:
    judging = claims.config.judging
    # A submitter's weights and encoders are never opened; their names are taken.
    ours = replace(judging, category_weights=None, sbert_model=DEFAULT_ENCODER)
    try:
        own = judge_identities(ours) if own_encoder_identity() else _without_encoder(ours)
    except UserError as error:
        raise EntryRefused("schema", f"{claims.place}: config.judging: {error}") from error
    stated = part(claims.provenance, "judges")
    if stated.keys() != own.keys():
        raise _differs(claims, "judges", sorted(stated), sorted(own))
    for measure, identity in own.items():
        named = part(stated, measure)
        taken = {"model": named.get("model")} if _is_foreign(measure, judging) else {}
        if named != {**identity, **taken}:
            raise _differs(claims, f"judges.{measure}", dict(named), {**identity, **taken})


def _is_foreign(measure: Measure, judging: JudgeConfig) -> bool:
    if measure == "categories":
        return judging.judge_of(measure) == "local" and judging.category_weights is not None
    is_ours = judging.sbert_model == DEFAULT_ENCODER and own_encoder_identity()
    return measure in _ENCODED and not is_ours


def _without_encoder(judging: JudgeConfig) -> dict[Measure, dict[str, Any]]:
    """Return the identities of judges on a machine without the encoder; its model stays open."""
    silent = replace(judging, judges={**judging.judges, **dict.fromkeys(_ENCODED, NONE)})
    own = judge_identities(silent)
    for measure in _ENCODED:
        if measure in judging.judged:
            own[measure] = {"judge": similarity.NAME, "version": similarity.VERSION, "model": None}
    if "similarity" in own:
        own["similarity"]["text"] = judging.judge_text
    return own


def _find_card(name: str, include_path: Sequence[Path]) -> Card | None:
    path = card_paths(include_path).get(name)
    return read_card(path) if path else None


def _check_prompts(claims: Claims, card: Card | None) -> Check:
    prompts = part(claims.provenance, "prompts")
    for name, stated in part(claims.provenance, "tasks").items():
        mode = part(stated).get("prompt_mode")
        if not isinstance(mode, str) or mode not in prompts:
            raise _differs(claims, f"prompts of {shown(name)}", mode, sorted(prompts))
    for mode in prompts:
        _check_prompt(mode, part(prompts, mode), card, claims)
    if card is None:
        detail = f"whose words the prompt is in: no card {shown(claims.config.model)} is here"
        return Check(name="prompts", outcome="taken", detail=detail)
    detail = f"{len(prompts)} prompts have their digests and origins"
    return Check(name="prompts", outcome="passed", detail=detail)


def _check_prompt(mode: str, stated: Mapping[str, Any], card: Card | None, claims: Claims) -> None:
    text = stated.get("text")
    field = f"prompts.{shown(mode)[1:-1]}"
    if not isinstance(text, str):
        raise _differs(claims, f"{field}.text", text, "a text")
    own: dict[str, Any] = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    if card is not None:
        own = prompt_provenance(card, text)
    for name in ("sha256", "origin", "name", "source") if card else ("sha256",):
        if stated.get(name) != own.get(name):
            raise _differs(claims, f"{field}.{name}", stated.get(name), own.get(name))


def _differs(claims: Claims, field: str, got: object, expected: object) -> EntryRefused:
    return EntryRefused(
        "provenance_differs",
        f"{claims.place}: {field}: got {shown(got)}, expected {shown(expected)}; judge and score "
        "the run again with this version of rarft and submit it again",
    )

"""Recorded replies give exactly the recorded figures; a few are reckoned by hand below."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def regenerate() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "regenerate", Path(__file__).parent / "regenerate.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARFT_CACHE", "")
        scored: dict[str, Any] = regenerate().scored()
    return scored


def test_the_figures_are_those_on_record(content: dict[str, Any]) -> None:
    module = regenerate()
    assert module.as_text(content) == module.GOLDEN.read_text(encoding="utf-8")


def test_the_figures_are_those_reckoned_by_hand(content: dict[str, Any]) -> None:
    # Relevant IoU: 1, 2/4, 4/5, refused 0, 8/8, (20-14)/(30-12) = 1/3, 3/4, 1.
    ious = [1, 0.5, 0.8, 0, 1, 1 / 3, 0.75, 1]
    # Irrelevant: right, wrong, right, right, two unparsed (a refusal by policy), wrong, missing.
    rights = [1, 0, 1, 1, 1, 1, 0]
    results = content["results"]["golden"]
    assert results["ra_miou,none"] == pytest.approx((sum(ious) + sum(rights)) / 15)
    assert results["ra_iou@0.7,none"] == pytest.approx((5 + 5) / 15)
    assert results["miou_relevant,none"] == pytest.approx(sum(ious) / 8)
    assert results["miou_grounded,none"] == pytest.approx(sum(ious) / 7)
    assert results["f1_relevant,none"] == pytest.approx(2 * 7 / (2 * 7 + 2 + 1))
    assert results["f1_irrelevant,none"] == pytest.approx(2 * 5 / (2 * 5 + 1 + 2))
    # Strong: records 0, 3, 4, 6 answered, 7 missing; recall 3/4, so F1 = 2r/(1+r) = 6/7.
    assert results["f1_irrelevant/strong,none"] == pytest.approx(6 / 7)
    # Pairs right in both: records 0, 2, 4 of the seven that are whole.
    assert results["pair_accuracy,none"] == pytest.approx(3 / 7)
    assert (results["n_unparsed,none"], results["n_missing,none"]) == (2, 1)


def test_golden_inputs_are_whole() -> None:
    folder = Path(__file__).parent / "run"
    assert len(json.loads((folder / "golden.json").read_text())) == 8
    assert len(json.loads((folder / "replies.json").read_text())) == 15

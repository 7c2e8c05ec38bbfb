"""What the tiny proof counts in thoughts."""

import json

import pytest

from rarft.harness.errors import NotFoundError

YES = "<think>up one\n0.0 to 2.0 up one: yes\n3.0 to 4.0 down one: no action</think>..."
NO = "<think>up one\n0.0 to 2.0 up two: no count</think>..."


@pytest.fixture
def thoughts(script):
    return script("tiny_thoughts")


def sample(reply, *, relevant=True, kind="grounded", iou=0.5, status="scored"):
    return {
        "reply": reply,
        "relevant": relevant,
        "prediction": {"kind": kind},
        "iou": iou,
        "status": status,
    }


def test_shares_are_of_all_replies_and_iou_of_those_grounded_without_a_yes(thoughts):
    samples = [
        sample(YES, iou=1.0),
        sample(NO, iou=0.25),
        sample(NO, iou=0.75),
        sample(NO, kind="refused", iou=None),
    ]
    found = thoughts.thoughts_of(samples)
    assert (found.n_replies, found.with_yes, found.grounded_without) == (4, 0.25, 0.5)
    assert found.iou_without == 0.5


def test_a_yes_outside_the_thought_is_not_counted(thoughts):
    assert not thoughts.has_yes("<think>up one: no</think><answer>0.0 to 1.0: yes")


def test_arms_are_read_by_relevance_over_their_seeds(thoughts, tmp_path):
    for seed, reply in enumerate((YES, NO)):
        folder = tmp_path / f"rarft-{seed}"
        folder.mkdir()
        rows = [
            sample(reply),
            sample(NO, relevant=False, kind="refused"),
            sample(None, relevant=False, status="failed"),
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "samples_synth_hi.jsonl").write_text(text)
    found = thoughts.read_thoughts({"rarft": sorted(tmp_path.iterdir())}, "synth_hi")
    assert found["rarft"]["relevant"].with_yes == 0.5
    assert found["rarft"]["irrelevant"].n_replies == 2
    assert found["rarft"]["irrelevant"].iou_without is None


def test_an_evaluation_without_samples_is_named(thoughts, tmp_path):
    with pytest.raises(NotFoundError, match=r"without samples_synth_hi\.jsonl"):
        thoughts.read_thoughts({"base": [tmp_path]}, "synth_hi")

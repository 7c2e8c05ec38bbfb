"""Reference answers of the annotations: small records written here, and the real files."""

import json
import os
from pathlib import Path

import pytest

from rarft.harness.parsing import parse_reply, reference_correction, reference_refusal
from rarft.harness.types import Span

DIRECTORY = os.environ.get("RARFT_ANNOTATIONS", "")
FILES = ("hi_vtg_charades.json", "ss_vtg_charades.json", "human_anno.json")

GROUNDED = [
    ("<answer>4.0 to 31.5</answer><correct></correct>", Span(4.0, 31.5)),
    ("<answer>0.0 to 6.0</answer>", Span(0.0, 6.0)),
    ("<answer>7.5 to 7.5</answer>", Span(7.5, 7.5)),
]
REFUSED = [
    "This query is slightly off.The segment shows a girl closing a box, not a drawer.",
    "The dog jumps over the fence first, and then it runs along the river.",
    "The clip shows player #7 kicking a ball, so nothing in it matches a throw.",
    "The video shows the man peeling two onions, while the query states that he peels five.",
    "I am confident this query is entirely unsupported by the footage.",
]


@pytest.mark.parametrize(("answer", "span"), GROUNDED)
@pytest.mark.parametrize("form", ["answer_correction", "generic"])
@pytest.mark.parametrize("duration_s", [None, 5.0])
def test_a_reference_span_is_read_exactly(answer, span, form, duration_s):
    prediction = parse_reply(answer, form=form, duration_s=duration_s)
    assert (prediction.kind, prediction.spans) == ("grounded", (span,))


@pytest.mark.parametrize("refusal", REFUSED)
@pytest.mark.parametrize("form", ["answer_correction", "generic"])
@pytest.mark.parametrize(
    "tags",
    ["<answer>{}</answer>", "<answer>{}</answer><correct>a q</correct>", "<answer>{}</correct>"],
)
def test_a_reference_refusal_is_refused_with_its_text(refusal, form, tags):
    answer = tags.format(refusal)
    prediction = parse_reply(answer, form=form)
    assert prediction.kind == "refused"
    assert prediction.explanation == reference_refusal(answer) == refusal
    assert reference_correction(answer) == ("a q" if "a q" in tags else None)


def test_a_reference_without_tags_is_its_own_text():
    assert reference_refusal(" No dog\n is shown. ") == "No dog is shown."


def test_an_empty_reference_is_empty():
    assert (reference_refusal(""), reference_correction("")) == ("", None)


@pytest.mark.skipif(not DIRECTORY, reason="RARFT_ANNOTATIONS names no directory")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("form", ["answer_correction", "generic"])
def test_every_reference_answer_of_the_real_files_parses(name, form):
    path = Path(DIRECTORY) / name
    if not path.is_file():
        pytest.skip(f"{name} is not in RARFT_ANNOTATIONS")
    wrong = []
    for record in json.loads(path.read_text(encoding="utf-8")):
        for query in record["GRPO"]:
            if not query["a"]:
                continue
            prediction = parse_reply(query["a"], form=form, duration_s=record.get("duration"))
            if query["r"]:
                right = prediction.spans == (Span(*record["timestamp"]),)
            else:
                right = prediction.explanation == reference_refusal(query["a"]) != ""
            if not right or prediction.kind != ("grounded" if query["r"] else "refused"):
                wrong.append(query["a"])
    assert wrong == []

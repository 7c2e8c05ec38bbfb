"""A relevant row and a candidate made from it, with what a test does not care about filled in."""

import pytest

from rarft.dataset_builder.types import TASK, Candidate, Origin, Row
from rarft.dataset_builder.verify import Checks, VideoQueries, verify
from rarft.harness.types import Query, Span

ORIGIN = Origin(source="mine", split="train", licence="MIT", citation="", redistributable=True)
NAMES = {
    "sequence": "Action/ActionSequence",
    "action": "Action/FineGrainedAction",
    "existence": "Object/ObjectExistence",
    "spatial": "Object/ObjectSpatialRelation",
    "moving": "Object/ObjectMoving",
    "scene": "Scene/SceneExistence",
    "value": "Attribute/AttributeValue",
    "count": "Attribute/Counting",
}
LEVELS = ("strong", "moderate", "weak")


def make_row(text, *, id="q", video="v.mp4", span=(1.0, 4.0), duration_s=30.0, clip=None):
    query = Query(
        id=id,
        task=TASK,
        video=video,
        text=text,
        relevant=True,
        record=id,
        spans=(Span(*span),),
        duration_s=duration_s,
        clip=clip,
    )
    return Row(query=query, origin=ORIGIN)


def make_candidate(text, *, plan="existence", refusal="", id="q-1", query_id="q", level=None):
    categories = tuple(NAMES[name] for name in plan.split(","))
    return Candidate(
        id=id,
        query_id=query_id,
        level=level or LEVELS[len(categories) - 1],
        categories=categories,
        attempt=0,
        text=text,
        refusal=refusal or "The video shows something else and no such thing.",
    )


@pytest.fixture
def row():
    return make_row


@pytest.fixture
def candidate():
    return make_candidate


@pytest.fixture
def judge():
    """A function that returns the reasons against a rewrite of one query."""

    def reasons(original, text, *, others=(), checks=None, **given):
        rows = [make_row(original)]
        rows += [make_row(other, id=f"other-{at}") for at, other in enumerate(others)]
        made = make_candidate(text, **given)
        (verdict,) = verify([made], rows=VideoQueries(rows), checks=checks or Checks())
        return {finding.reason for finding in verdict.findings}

    return reasons

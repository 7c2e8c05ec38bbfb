"""Wording of queries and refusals, on hand-made predicates."""

from dataclasses import replace

import pytest

from rarft.tasks.synth_hi.edits import edits_between
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.refusals import OPENING, render_refusal
from rarft.tasks.synth_hi.sentences import Style, render_text

SHOWN = Predicate(
    colour="orange",
    shape="cross",
    actions=("left", "blink"),
    count=2,
    size="small",
    part="feet",
    side="above",
    scene="brick",
)
ONE = Predicate(colour="orange", shape="star", actions=("up",), comparison="faster")


@pytest.mark.parametrize(
    ("claim", "style", "text"),
    [
        (
            SHOWN,
            Style(),
            "Two small orange crosses with black feet above the black dot "
            "move left and then blink on bricks.",
        ),
        (
            SHOWN,
            Style(sequence=1, scene_first=True),
            "On bricks, two small orange crosses with black feet above the black dot "
            "first move left, then blink.",
        ),
        (ONE, Style(), "An orange star moves up faster than the grey ball."),
        (
            Predicate(
                colour="red",
                shape="circle",
                actions=("grow",),
                count=1,
                transition=("sand", "snow"),
            ),
            Style(verb=1, transition=1),
            "One red circle swells up as the background switches from sand to snow.",
        ),
        (
            Predicate(
                colour="red", shape="circle", actions=("shake", "right"), comparison="larger"
            ),
            Style(sequence=2),
            "A red circle larger than the grey ball, after shaking sideways, moves right.",
        ),
    ],
)
def test_predicate_is_rendered_as(claim, style, text):
    assert render_text(claim, style) == text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colour": "red"}, "The crosses are orange, not red."),
        ({"size": "large"}, "The crosses are small, not large."),
        ({"count": 1}, "There are two crosses, not one."),
        ({"shape": "star"}, "The objects are crosses, not stars."),
        ({"part": "hat"}, "The crosses have black feet, not a black hat."),
        ({"actions": ("right", "blink")}, "The crosses move left and do not move right."),
        ({"actions": ("left", "grow")}, "The crosses blink and do not grow."),
        ({"actions": ("blink", "left")}, "They move left before, not after, they blink."),
        (
            {"side": "left"},
            "The crosses are above the black dot, not to the left of the black dot.",
        ),
        ({"scene": "snow"}, "The scene is bricks, not snow."),
    ],
)
def test_refusal_says_what_is_shown_instead(change, sentence):
    edits = edits_between(SHOWN, replace(SHOWN, **change))
    assert render_refusal(SHOWN, edits) == f"{OPENING} {sentence}"


def test_refusal_of_a_comparison_and_of_a_transition():
    shown = Predicate(
        colour="red",
        shape="star",
        actions=("up",),
        comparison="faster",
        transition=("sand", "snow"),
    )
    claimed = Predicate(
        colour="red",
        shape="star",
        actions=("up",),
        comparison="slower",
        transition=("snow", "sand"),
    )
    assert render_refusal(shown, edits_between(shown, claimed)) == (
        f"{OPENING} The star moves faster than the grey ball, not slower. "
        "The scene changes from sand to snow, not from snow to sand."
    )

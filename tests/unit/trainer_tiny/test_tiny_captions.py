"""Captions and claims are read from the world, so they are checked against its truth conditions."""

import random

from rarft.tasks.synth_hi import holds, make_records
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.sentences import Style
from rarft.trainer.tiny.answers import explain_absence
from rarft.trainer.tiny.captions import caption_video, describe
from rarft.trainer.tiny.claims import differences, draw_claim, nearest

RECORDS = make_records(n_queries=80, seed=3, split="train")


def test_a_caption_has_one_line_for_each_event_with_its_times():
    world = RECORDS[0].world
    lines = caption_video(world).splitlines()
    assert len(lines) == len(world.events)
    for line, event in zip(lines, world.events, strict=True):
        start, to, end, *_ = line.split()
        assert (float(start), to, float(end)) == (
            event.phases[0].start_s,
            "to",
            event.phases[-1].end_s,
        )


def test_a_full_description_of_an_event_holds_where_the_event_is():
    for record in RECORDS:
        for event in record.world.events:
            spans = holds(record.world, describe(record.world, event))
            assert (event.phases[0].start_s, event.phases[-1].end_s) in [
                (span.start_s, span.end_s) for span in spans
            ]


def test_a_drawn_claim_holds_on_its_span_alone():
    for record in RECORDS:
        drawn = draw_claim(random.Random(record.index), record.world)
        assert drawn is not None
        claim, span = drawn
        assert holds(record.world, claim) == [span]


def test_a_claim_that_holds_differs_in_nothing_from_its_event():
    for record in RECORDS:
        target = record.world.events[record.world.target]
        assert differences(describe(record.world, target), record.relevant) == []


def test_a_hard_query_differs_from_some_event_in_at_most_its_edits():
    for record in RECORDS:
        _, edits = nearest(record.world, record.irrelevant)
        assert 1 <= len(edits) <= len(record.edits)


def test_actions_in_another_order_are_one_difference():
    shown = Predicate(colour="red", shape="star", actions=("left", "blink"), count=1)
    claimed = Predicate(colour="red", shape="star", actions=("blink", "left"))
    assert [edit.slot for edit in differences(shown, claimed)] == ["order"]


def test_a_claimed_look_that_nothing_has_is_a_difference():
    shown = Predicate(colour="red", shape="star", actions=("left",), count=1)
    claimed = Predicate(colour="red", shape="star", actions=("left",), part="hat")
    assert [(edit.slot, edit.shown) for edit in differences(shown, claimed)] == [("part", None)]


def test_a_correction_holds_in_the_video():
    for record in RECORDS[:20]:
        stranger = RECORDS[record.index + 20].relevant
        if holds(record.world, stranger):
            continue
        refusal, correction = explain_absence(
            random.Random(record.index), record.world, stranger, Style()
        )
        assert refusal.startswith("The video does not contain a matching segment.")
        assert 1 <= refusal.count(". ") <= 3
        assert correction.endswith(".")


def test_what_is_compared_tells_a_single_edit_exactly():
    rng = random.Random(0)
    for record in RECORDS:
        if len(record.edits) != 1 or record.edits[0].slot not in ("colour", "count", "shape"):
            continue
        refusal, correction = explain_absence(rng, record.world, record.irrelevant, Style())
        (edit,) = differences(
            describe(record.world, record.world.events[record.world.target]), record.irrelevant
        )
        assert (edit.shown, edit.claimed) == (record.edits[0].shown, record.edits[0].claimed)
        assert refusal
        assert correction

"""Captions and claims are read from the world, so they are checked against its truth conditions."""

import random
from functools import partial

from rarft.tasks.synth_hi import holds, make_records
from rarft.tasks.synth_hi.predicate import Predicate
from rarft.tasks.synth_hi.sentences import Style
from rarft.trainer.tiny.answers import explain_absence
from rarft.trainer.tiny.asking import ask
from rarft.trainer.tiny.captions import caption_event, caption_video, describe
from rarft.trainer.tiny.claims import differences, draw_claim, nearest
from rarft.trainer.tiny.thoughts import think

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


def test_a_thought_restates_the_query_and_says_of_every_event_how_it_differs():
    record = RECORDS[0]
    thought = think(record.world, record.relevant)
    assert thought[0] == f"<think>{caption_event(record.relevant)}"
    assert "".join(thought[1::2]) == "\n" + caption_video(record.world)
    assert thought[-1].endswith("</think>")


def test_one_event_agrees_with_a_claim_that_holds_and_none_with_one_that_does_not():
    for record in RECORDS:
        agreeing = [part for part in think(record.world, record.relevant) if part[:5] == ": yes"]
        assert len(agreeing) == 1
        assert not [p for p in think(record.world, record.irrelevant) if p[:5] == ": yes"]


def test_an_imprecise_query_is_grounded_where_its_event_is():
    imprecise = 0
    for record in RECORDS:
        for seed in range(20):
            rng = random.Random(f"{record.index} {seed}")
            asked = ask(rng, record, partial(rng.choice, RECORDS))
            held = holds(record.world, asked.claim)
            if asked.span is None:
                assert held == []
            elif asked.span not in held:
                imprecise += 1
                _, edits = nearest(record.world, asked.claim)
                assert len(edits) >= 1
    assert 20 <= imprecise <= 80


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

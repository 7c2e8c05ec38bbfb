"""What the records of a set are, before anything is rendered."""

import hashlib
import json
from collections import Counter
from itertools import pairwise

import pytest

from rarft.harness.errors import UserError
from rarft.harness.taxonomy import CATEGORIES, HARD_LEVELS, LEVEL_OF_DIFFICULTY
from rarft.harness.types import query_from_doc
from rarft.tasks.synth_hi import make_records, to_official
from rarft.tasks.synth_hi.combinations import split_of
from rarft.tasks.synth_hi.dataset import GENERATOR_VERSION, docs_of, queries_of, world_rows
from rarft.tasks.synth_hi.edits import apply_edit
from rarft.tasks.synth_hi.predicate import predicate_from_json
from rarft.tasks.synth_hi.vocabulary import ACTIONS, COLOURS, SHAPES, SPLITS
from rarft.tasks.synth_hi.world import world_from_json


@pytest.fixture(scope="module", params=SPLITS)
def records(request):
    return make_records(n_queries=600, seed=3, split=request.param)


def test_every_category_is_edited(records):
    counted = Counter(category for record in records for category in record.categories)
    assert set(counted) == set(CATEGORIES)
    assert min(counted.values()) > 20


def test_level_is_the_number_of_edits_of_distinct_categories(records):
    for record in records:
        n_edits = 1 + HARD_LEVELS.index(record.level)
        assert len(record.edits) == len(set(record.categories)) == n_edits
    assert min(Counter(record.level for record in records).values()) > 70


def test_edits_made_one_after_another_lead_from_the_true_claim_to_the_false_one(records):
    for record in records:
        claim = record.relevant
        for edit in record.edits:
            claim = apply_edit(claim, edit)
        assert claim == record.irrelevant != record.relevant
        assert record.irrelevant_text != record.relevant_text


def test_videos_and_queries_of_a_split_show_only_its_own_combinations(records):
    for record in records:
        for claim in (record.relevant, record.irrelevant):
            owners = {split_of(claim.colour, claim.shape, action) for action in claim.actions}
            assert owners == {record.split}
        for event in record.world.events:
            owners = {split_of(event.colour, event.shape, p.action) for p in event.phases}
            assert owners == {record.split}


def test_claimed_values_are_often_seen_elsewhere_in_the_video(records):
    claimed = [r for r in records if r.irrelevant.colour != r.relevant.colour]
    seen = [any(e.colour == r.irrelevant.colour for e in r.world.events) for r in claimed]
    assert sum(seen) > 0.8 * len(seen)


def test_every_combination_belongs_to_exactly_one_split_and_every_split_owns_a_quarter():
    owners = Counter(split_of(c, s, a) for c in COLOURS for s in SHAPES for a in ACTIONS)
    assert owners.total() == 270
    assert min(owners[split] for split in SPLITS) > 270 / 4


def test_times_lie_on_the_half_second_grid_inside_the_video(records):
    for record in records:
        world = record.world
        assert 10 <= world.duration_s <= 14
        assert record.span.duration_s >= 1.5
        times = [record.span.start_s, record.span.end_s, world.duration_s]
        times += [e.appear_s for e in world.events] + [e.vanish_s for e in world.events]
        assert all(time_s * 2 == int(time_s * 2) for time_s in times)
        assert 0 <= record.span.start_s < record.span.end_s <= world.duration_s


def test_events_follow_one_another_and_stay_in_the_frame(records):
    for record in records:
        events = record.world.events
        for before, after in pairwise(events):
            assert before.vanish_s < after.appear_s
        assert all(0 < x < 112 and 0 < y < 112 for e in events for x, y in e.members)


def test_smaller_set_is_the_beginning_of_a_larger_one():
    larger = make_records(n_queries=40, seed=7, split="test")
    assert make_records(n_queries=12, seed=7, split="test") == larger[:6]


def test_seeds_and_splits_give_other_texts_and_other_file_names():
    sets = [
        make_records(n_queries=4, seed=seed, split=split) for seed in (0, 1) for split in SPLITS
    ]
    assert len({record.video for records in sets for record in records}) == 12
    assert len({record.relevant_text for records in sets for record in records}) > 10


def test_rows_read_back_as_queries(records):
    for doc in docs_of(records[:20]):
        query = query_from_doc(json.loads(json.dumps(doc)), task="synth_hi")
        assert query.to_doc() == doc
        assert bool(query.spans) == query.relevant == (not query.refusal)
    assert len({doc["id"] for doc in docs_of(records)}) == 600


def test_official_rows_carry_answer_refusal_and_correction(records):
    for record, row in zip(records, to_official(records), strict=True):
        first, second = queries_of(record)
        assert [entry["q"] for entry in row["GRPO"]] == [first.text, second.text]
        true, false = sorted(row["GRPO"], key=lambda entry: not entry["r"])
        span = record.span
        assert true["a"] == f"<answer>{span.start_s} to {span.end_s}</answer>"
        assert true["difficulty"] == "original"
        assert row["timestamp"] == [span.start_s, span.end_s]
        correction = f"<correction>{true['q']}</correction>"
        assert false["a"] == f"<answer>{record.refusal}</answer>{correction}"
        assert LEVEL_OF_DIFFICULTY[false["difficulty"]] == record.level
        assert false["c"] == list(record.categories)


def test_worlds_survive_json(records):
    for record, line in zip(records, world_rows(records), strict=True):
        row = json.loads(line)
        assert world_from_json(row["world"]) == record.world
        assert predicate_from_json(row["irrelevant"]) == record.irrelevant
        assert len(row["edits"]) == len(record.edits)


@pytest.mark.parametrize(
    ("request_", "got"),
    [
        ({"n_queries": 7, "seed": 0, "split": "test"}, "n_queries = 7"),
        ({"n_queries": 0, "seed": 0, "split": "test"}, "n_queries = 0"),
        ({"n_queries": "20", "seed": 0, "split": "test"}, "n_queries = '20'"),
        ({"n_queries": 20, "seed": -1, "split": "test"}, "seed = -1"),
        ({"n_queries": 20, "seed": True, "split": "test"}, "seed = True"),
        ({"n_queries": 20, "seed": 0, "split": "dev"}, "split = 'dev'"),
    ],
)
def test_request_that_names_no_set_is_refused_in_one_line(request_, got):
    with pytest.raises(UserError) as raised:
        make_records(**request_)
    message = str(raised.value)
    assert got in message
    assert "expected" in message
    assert "\n" not in message


def test_same_seed_gives_the_same_set_as_long_as_the_generator_version_stands():
    records = make_records(n_queries=200, seed=0, split="test")
    lines = [
        *world_rows(records),
        *(text for r in records for text in (r.relevant_text, r.refusal)),
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    assert (GENERATOR_VERSION, digest[:16]) == (1, "16a964c242016f04")

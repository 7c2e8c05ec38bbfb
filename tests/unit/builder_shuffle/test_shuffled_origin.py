from itertools import product

from rarft.dataset_builder.shuffle import shuffle_rows
from rarft.dataset_builder.types import Origin, Row
from rarft.harness.types import Query

VERBS = ("opens", "kicks", "washes", "paints", "lifts", "folds")
NOUNS = ("door", "guitar", "laptop", "curtain", "umbrella", "suitcase")


def rows() -> list[Row]:
    """Return three queries of each of 12 videos, every second video of a closed source."""
    made = []
    for number, (verb, noun) in enumerate(product(VERBS, NOUNS)):
        is_open = number % 2 == 0
        query = Query(
            id=f"{number}",
            task="t",
            video=f"{number % 12}.mp4",
            text=f"a person {verb} a {noun}",
            relevant=True,
            record=f"{number}",
        )
        origin = Origin(
            source="open" if is_open else "closed",
            split="test",
            licence="MIT" if is_open else "closed",
            citation="",
            redistributable=is_open,
        )
        made.append(Row(query=query, origin=origin))
    return made


def test_a_shuffled_row_may_be_handed_on_only_if_its_text_and_its_video_may() -> None:
    every = rows()
    may = {row.query.text: row.origin.redistributable for row in every}
    of_video = {row.query.video: row.origin.redistributable for row in every}
    shuffled = shuffle_rows(every, setting="in_domain", seed=0, n_relevant=14, texts="unused")
    irrelevant = [row for row in shuffled.rows if not row.query.relevant]
    kinds = {(may[row.query.text], of_video[row.query.video]) for row in irrelevant}
    assert (False, True) in kinds
    for row in irrelevant:
        expected = may[row.query.text] and of_video[row.query.video]
        assert row.origin.redistributable is expected

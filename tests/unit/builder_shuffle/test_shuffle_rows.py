import random
from collections import Counter
from pathlib import Path

import pytest

from rarft.dataset_builder.cli import main
from rarft.dataset_builder.normalise import normalise
from rarft.dataset_builder.row_files import read_rows, write_rows
from rarft.dataset_builder.shuffle import Shuffled, shuffle_rows
from rarft.dataset_builder.shuffle_topics import read_sentences, topic_sentences
from rarft.dataset_builder.shuffle_truth import maybe_true
from rarft.dataset_builder.types import Origin, Row
from rarft.harness.errors import UserError
from rarft.harness.types import Query

ACTIONS = (
    "person {}s a {}",
    "a person is {}ing the {}",
)
VERBS = ("open", "kick", "wash", "clean", "fold", "paint", "lift", "lock", "box", "inspect")
NOUNS = (
    "door", "blanket", "guitar", "plant", "laptop", "curtain", "umbrella", "sandwich", "mirror",
    "lamp", "suitcase", "broom", "hammer", "picture", "towel", "pillow", "camera", "stove",
)  # fmt: skip


def charades_sta_file(path: Path, *, n_videos: int, n_lines: int) -> Path:
    """Write lines as Charades-STA has them, at least one a video, made for the purpose."""
    generator = random.Random(0)
    names = [f"V{number:04d}" for number in range(n_videos)]
    videos = [*names, *generator.choices(names, k=n_lines - n_videos)]
    lines = [
        f"{video} {start} {start + 5}.5##"
        + generator.choice(ACTIONS).format(generator.choice(VERBS), generator.choice(NOUNS))
        + "."
        for start, video in enumerate(sorted(videos))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[Row]:
    path = charades_sta_file(
        tmp_path_factory.mktemp("sta") / "charades_sta_test.txt", n_videos=1334, n_lines=3720
    )
    return [row for row in normalise("charades_sta", path, split="test") if isinstance(row, Row)]


def checked(shuffled: Shuffled, rows: list[Row]) -> list[Row]:
    """Check what holds of every set, and return its irrelevant rows."""
    true: dict[str, list[str]] = {}
    for row in rows:
        true.setdefault(row.query.video, []).append(row.query.text)
    irrelevant = [row for row in shuffled.rows if not row.query.relevant]
    assert len({row.query.id for row in shuffled.rows}) == len(shuffled.rows)
    asked = Counter((row.query.video, row.query.text) for row in irrelevant)
    assert max(asked.values()) == 1
    for row in irrelevant:
        assert row.query.level == "shuffled"
        assert row.query.spans == ()
        assert not any(maybe_true(row.query.text, text) for text in true[row.query.video])
    return irrelevant


def test_the_setting_of_ratsg_has_its_counts_and_balance(rows: list[Row]) -> None:
    shuffled = shuffle_rows(rows, setting="ratsg", seed=0, n_relevant=1860, n_videos=1035)
    irrelevant = checked(shuffled, rows)
    assert shuffled.counts() | {"n_maybe_true": 0} == {
        "n_relevant": 1860, "n_irrelevant": 1860, "n_videos": 1035, "n_maybe_true": 0,
    }  # fmt: skip
    relevant = [row for row in shuffled.rows if row.query.relevant]
    assert Counter(row.query.text for row in irrelevant) == Counter(
        row.query.text for row in relevant
    )
    balance = Counter()
    for row in shuffled.rows:
        balance[row.query.video] += 1 if row.query.relevant else -1
    assert len(set(balance.values())) > 3


@pytest.mark.parametrize("texts", ["same", "unused"])
def test_in_domain_sets_have_one_irrelevant_query_for_each_relevant_one(rows, texts) -> None:
    n_relevant, some = 100, rows[:600]
    shuffled = shuffle_rows(
        some, setting="in_domain", seed=1, n_relevant=n_relevant, n_videos=60, texts=texts
    )
    irrelevant = checked(shuffled, some)
    relevant = {row.query.id: row.query for row in shuffled.rows if row.query.relevant}
    for row in irrelevant:
        partner = relevant[row.query.record]
        assert (row.query.video, row.query.relevant_query) == (partner.video, partner.text)
    assert len(irrelevant) == len(relevant) == n_relevant
    if texts == "unused":
        assert not {query.text for query in relevant.values()} & {r.query.text for r in irrelevant}


def test_out_of_domain_sets_ask_for_unrelated_topics(rows: list[Row]) -> None:
    assert len(set(topic_sentences())) >= 3720
    some = rows[:500]
    shuffled = shuffle_rows(some, setting="out_of_domain", seed=0, sentences=topic_sentences())
    assert shuffled.counts()["n_relevant"] == shuffled.counts()["n_irrelevant"] == 500
    assert {row.query.text for row in checked(shuffled, some)} <= set(topic_sentences())


def test_the_same_seed_gives_the_same_set_and_another_seed_another(rows: list[Row]) -> None:
    made = [
        shuffle_rows(rows[:300], setting="ratsg", seed=seed, n_relevant=100).rows
        for seed in (0, 0, 1)
    ]
    assert made[0] == made[1]
    assert made[0] != made[2]


def of_texts(*texts: str) -> list[Row]:
    origin = Origin(source="mine", split="test", licence="MIT", citation="", redistributable=True)
    return [
        Row(
            query=Query(
                id=f"{i}", task="t", video=f"{i}.mp4", text=text, relevant=True, record=f"{i}"
            ),
            origin=origin,
        )
        for i, text in enumerate(texts)
    ]


def test_a_query_that_may_be_true_everywhere_stops_with_its_text() -> None:
    with pytest.raises(UserError, match="person opens the door"):
        shuffle_rows(
            of_texts("person opens the door", "person opening a door"),
            setting="in_domain",
            seed=0,
        )


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"n_videos": 3}, "got 2 videos"),
        ({"n_relevant": 3}, "expected the 3 asked for"),
        ({"texts": "unused"}, "got 0 texts"),
        ({"setting": "out_of_domain", "sentences": ["a volcano."]}, "got 1 different sentences"),
    ],
)
def test_too_little_for_what_is_asked_is_said(asked, named) -> None:
    rows = of_texts("person opens the door", "person eats a sandwich")
    with pytest.raises(UserError, match=named):
        shuffle_rows(rows, **{"setting": "ratsg", "seed": 0, **asked})


def test_sentences_are_read_from_lines_or_objects(tmp_path) -> None:
    path = tmp_path / "sentences.jsonl"
    path.write_text('{"sentence": "a volcano.", "category": "x"}\n\na glacier.\n')
    assert read_sentences(path) == ["a volcano.", "a glacier."]
    path.write_text('{"text": "a volcano."}\n')
    with pytest.raises(UserError, match=r"sentences.jsonl:1"):
        read_sentences(path)


def test_the_command_writes_the_set_and_says_its_counts(tmp_path, capsys) -> None:
    texts = ("opens the door", "eats a sandwich", "plays a guitar", "reads a book")
    write_rows(tmp_path / "rows.jsonl", of_texts(*(f"person {text}" for text in texts)))
    arguments = ["shuffle", str(tmp_path / "rows.jsonl"), "--output_path", str(tmp_path / "out")]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "4 relevant and 4 irrelevant queries about 4 videos" in err
    assert len(list(read_rows(Path(out.strip())))) == 8
    assert main([*arguments, "--sentences", "x.txt"]) == 2
    assert "out_of_domain only" in capsys.readouterr().err

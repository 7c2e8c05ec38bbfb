"""The local categories judge: its sentences, its answers, its weights and their files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.judges.case import Case
from rarft.harness.judges.fit_categories import fit, save
from rarft.harness.judges.local_categories import (
    LABELS,
    CategoryWeights,
    categories_of,
    judge_categories,
    load_weights,
)
from rarft.harness.judges.refusal_phrases import phrase_refusals
from rarft.harness.judges.refusal_sentences import sentences
from rarft.harness.taxonomy import CATEGORIES
from rarft.harness.types import Prediction, Query, Reply

VALUE, COUNTING, SCENE = "Attribute/AttributeValue", "Attribute/Counting", "Scene/SceneExistence"
OPENING = "This does not match."
TEXTS = [
    f"{OPENING} The cup is red, not blue.",
    f"{OPENING}There are two cups, not three.The cup is green, not blue.",
    "There are four cups, not two.",
    f"{OPENING} The cup is blue, not green. There are three cups, not one.",
]
NAMED = [[VALUE], [COUNTING, VALUE], [COUNTING], [VALUE, COUNTING]]


def by_hand(**arrays: np.ndarray) -> CategoryWeights:
    """Weights of two words: "red" speaks for AttributeValue, "two" for Counting."""
    coefficients = np.zeros((2, len(LABELS)), dtype=np.float16)
    coefficients[0, LABELS.index(VALUE)] = coefficients[1, LABELS.index(COUNTING)] = 9.0
    given = {
        "idf": np.ones(2, dtype=np.float16),
        "coefficients": coefficients,
        "intercepts": np.zeros(len(LABELS), dtype=np.float16),
    } | arrays
    return CategoryWeights(name="hand", source="a test", n_texts=0, ngrams=("red", "two"), **given)


@pytest.fixture(scope="module")
def fitted() -> CategoryWeights:
    return fit(TEXTS, NAMED, name="small", source="four refusals")


@pytest.fixture
def folder(fitted, tmp_path: Path) -> Path:
    save(fitted, tmp_path / "weights")
    return tmp_path / "weights"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A cup.A plate.", ["A cup.", "A plate."]),
        ("It is 2.5 m. the end", ["It is 2.5 m.", "the end"]),
        ('He says "no." Then goes', ['He says "no."', "Then goes"]),
        ("one\n\ntwo", ["one", "two"]),
        (" . … !", []),
        ("", []),
    ],
)
def test_sentences_end_before_a_space_or_a_capital(text, expected):
    assert sentences(text) == expected


def test_each_sentence_adds_the_category_it_speaks_of():
    assert categories_of(["It is red. There are two."], by_hand()) == [(VALUE, COUNTING)]
    assert categories_of(["There are two."], by_hand()) == [(COUNTING,)]


def test_answers_keep_the_order_of_the_texts_and_of_the_taxonomy():
    texts = ["There are two. It is red."] * 600 + ["red"]
    answers = categories_of(texts, by_hand())
    assert answers[:600] == [(VALUE, COUNTING)] * 600
    assert answers[600] == (VALUE,)


def test_an_uncertain_sentence_is_read_as_the_more_probable_category():
    # TF-IDF of length 1: (1, 1.5) / 1.8, so the scores are 5.0 and 7.5, the odds 1 to 12.
    weights = by_hand(idf=np.array([1.0, 1.5], dtype=np.float16))
    assert categories_of(["red two"], weights) == [(COUNTING,)]


@pytest.mark.parametrize("text", ["", "…", "nothing known here"])
def test_a_text_without_a_known_word_names_no_category(text):
    assert categories_of([text], by_hand()) == [()]


def test_no_text_gives_no_answer():
    assert categories_of([], by_hand()) == []


def test_order_of_categories_says_what_each_sentence_is_about(fitted):
    assert categories_of(["The cup is red, not blue."], fitted) == [(VALUE,)]
    assert categories_of(["There are two cups, not three."], fitted) == [(COUNTING,)]


def test_a_bare_refusal_names_no_category(fitted):
    assert categories_of([OPENING], fitted) == [()]
    assert categories_of(["There is no matching moment in the video."], load_weights()) == [()]


def test_a_refusal_with_other_sentences_is_an_example_of_each_of_its_categories():
    long = "The colour differs. It is red. It is not blue. That is all."
    weights = fit([long, long, "Two. Not three. Not four."], [[VALUE], [VALUE], [COUNTING]])
    assert categories_of(["It is red, not blue."], weights) == [(VALUE,)]


def test_packaged_weights_read_what_the_package_itself_writes():
    text = "The video does not contain a matching segment. The circle is blue, not red."
    weights = load_weights(None)
    assert categories_of([f"{text} There are two circles, not three."], weights) == [
        (VALUE, COUNTING)
    ]
    assert "synth_hi" in weights.source


def test_packaged_weights_are_small():
    files = (Path(sys.modules[load_weights.__module__].__file__).with_name("weights")).iterdir()
    assert sum(file.stat().st_size for file in files) < 300_000


def test_a_judgement_names_the_judge_and_the_digest():
    query = Query(id="0", task="t", video="v.mp4", text="a red cup", relevant=False, record="0")
    prediction = Prediction(kind="refused")
    case = Case(query=query, reply=Reply(text="x"), prediction=prediction, text="It is red.")
    weights = by_hand()
    (found,) = judge_categories([case], weights=weights)
    assert (found.measure, found.judge, found.version) == ("categories", "local", "1")
    assert found.model == f"hand@{weights.digest[:12]}"
    assert found.value == (VALUE,)
    assert found.reason == ""


def test_the_same_texts_give_the_same_bytes(fitted, tmp_path):
    save(fitted, tmp_path / "a")
    save(fit(TEXTS, NAMED, name="small", source="four refusals"), tmp_path / "b")
    for name in ("weights.npz", "vocabulary.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_weights_read_back_save_the_same_bytes(folder, tmp_path):
    save(load_weights(folder), tmp_path / "again")
    for name in ("weights.npz", "vocabulary.json"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_the_digest_follows_what_decides_an_answer():
    changed = by_hand(idf=np.array([1.0, 2.0], dtype=np.float16))
    assert by_hand().digest == by_hand().digest != changed.digest


def test_fitting_needs_two_categories():
    with pytest.raises(UserError, match="at least two categories"):
        fit(TEXTS[:1], NAMED[:1])
    with pytest.raises(UserError, match="got 0 refusals"):
        fit([], [])


@pytest.mark.parametrize(("categories", "said"), [([], "without"), (["Object/Colour"], "Colour")])
def test_fitting_needs_known_categories_of_every_text(categories, said):
    with pytest.raises(ValueError, match=said):
        fit([TEXTS[0]], [categories])


def one_line_error(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_weights(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


def test_an_archive_that_needs_pickle_is_refused(folder):
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(folder / "weights.npz", idf=objects, coefficients=objects, intercepts=objects)
    assert "allow_pickle=False" in one_line_error(folder)


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(NotFoundError, match=name):
        load_weights(folder)


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json"])
@pytest.mark.parametrize("content", [b"", b"not it", b"\x80\x04N.", b"[1, 2]"])
def test_a_foreign_file_is_one_line(folder, name, content):
    (folder / name).write_bytes(content)
    one_line_error(folder)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"schema_version": 2}, "schema_version 2"),
        ({"labels": ["cat", "dog"]}, "labels"),
        ({"ngrams": ["a", "a"]}, "n-grams"),
        ({"ngrams": ["a"]}, "not float16 (1,)"),
        ({"ngrams": 3}, "TypeError"),
        ({"n_texts": None}, "TypeError"),
    ],
)
def test_a_vocabulary_of_other_weights_is_refused(folder, changed, said):
    path = folder / "vocabulary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    assert said in one_line_error(folder)


@pytest.mark.parametrize(
    ("intercepts", "said"),
    [
        (np.zeros(12), "float64"),
        (np.zeros(11, dtype=np.float16), "(11,)"),
        (np.full(12, np.nan, dtype=np.float16), "not finite"),
    ],
)
def test_arrays_of_other_sizes_or_values_are_refused(folder, intercepts, said):
    with np.load(folder / "weights.npz") as stored:
        arrays = dict(stored) | {"intercepts": intercepts}
    np.savez(folder / "weights.npz", **arrays)
    assert said in one_line_error(folder)


def test_an_archive_that_unpacks_to_too_much_is_refused(folder):
    np.savez_compressed(folder / "weights.npz", idf=np.zeros(2**24))
    assert "unpacks to" in one_line_error(folder)


@settings(max_examples=60)
@given(cut=st.integers(0, 2000), place=st.integers(0, 2000), byte=st.integers(0, 255))
def test_a_damaged_archive_is_one_line_or_still_weights(fitted, tmp_path_factory, cut, place, byte):
    folder = tmp_path_factory.mktemp("damaged")
    save(fitted, folder)
    content = bytearray((folder / "weights.npz").read_bytes())
    content[place % len(content)] = byte
    (folder / "weights.npz").write_bytes(bytes(content[: len(content) - cut]))
    said = ""
    try:
        load_weights(folder)
    except UserError as error:
        said = str(error)
    assert "\n" not in said
    shutil.rmtree(folder)


def test_reading_loads_no_learning_library():
    code = (
        "import sys\n"
        "from rarft.harness.judges.local_categories import categories_of, load_weights\n"
        "categories_of(['The cup is red, not blue.'], load_weights())\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sklearn", "scipy", "torch"} & set(done.stdout.split())


def test_made_up_refusals_have_one_sentence_a_category_after_the_opening():
    texts, categories = phrase_refusals(300, seed=1)
    assert (texts, categories) == phrase_refusals(300, seed=1)
    assert [len(sentences(text)) - 1 for text in texts] == list(map(len, categories))
    assert {one for named in categories for one in named} == set(CATEGORIES)
    assert not any("{" in text or "}" in text for text in texts)

"""The tiny model on real mp4 files: a whole backend on the CPU."""

import importlib.util
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.models.base import Request, VideoFile
from rarft.harness.models.card import Card
from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint
from rarft.harness.models.hf import load
from rarft.harness.models.hf_inputs import make_inputs
from rarft.harness.models.revision import resolve_revision
from rarft.harness.types import Query
from rarft.harness.video.content import content_hash
from rarft.harness.video.policy import FramesPolicy

N_NEW = 12
CARD = Card(
    name="tiny",
    family="base",
    backend="hf",
    checkpoint="package:tiny",
    frames=FramesPolicy(
        min_frames=4, max_frames=16, min_pixels=3136, max_pixels=3136, total_pixels=16 * 3136
    ),
    generation={"max_new_tokens": N_NEW, "do_sample": False},
    licence="Apache-2.0",
    source="this package",
)


@pytest.fixture
def open_model(tmp_path: Path):
    """A function that loads a model with its own frames cache; all are closed afterwards."""
    models = []

    def open_one(card=CARD, *, seed=0, generation=None, **model_args):
        model = load(
            card,
            model_args=model_args,
            generation=generation or card.generation,
            batch_size=4,
            seed=seed,
            cache=tmp_path / "cache",
        )
        models.append(model)
        return model

    yield open_one
    for model in models:
        model.close()


@pytest.fixture
def requests(make_clip) -> list[Request]:
    """Four queries on three videos of different lengths and rates."""
    first = make_clip("a.mp4", n_frames=50, fps=24)
    second = make_clip("b.mkv", n_frames=90, fps=30)
    third = make_clip("c.avi", n_frames=60, fps=10, codec="mpeg4")
    texts = ["a red circle moves left", "two stars blink", "a star", "the sand turns to snow, then"]
    paths = [first, second, third, first]
    return [request(path, text) for path, text in zip(paths, texts, strict=True)]


def request(path: Path, text: str, **generation) -> Request:
    sha256 = content_hash(path) if path.exists() else "0"
    return Request(
        key=f"{path.name} {text}",
        query=Query(id="1", task="t", video=path.name, text=text, relevant=True, record="1"),
        prompt=f"Query: {text}",
        video=VideoFile(path=path, sha256=sha256),
        generation={**CARD.generation, **generation},
    )


def texts_of(replies):
    return [reply.text for reply in replies]


def test_replies_are_the_same_in_every_run_and_every_batch(open_model, requests):
    model = open_model()
    together = model.generate(requests)
    alone = [model.generate([one])[0] for one in requests]
    again = open_model().generate(requests)
    assert texts_of(together) == texts_of(alone) == texts_of(again)
    assert len(set(texts_of(together))) == 4
    for reply in together:
        assert reply.failure is None
        assert 1 <= reply.n_new_tokens <= N_NEW
        assert "<|endoftext|>" not in reply.text[:-1]


def test_a_reply_says_what_the_model_saw(open_model, requests):
    replies = open_model().generate(requests)
    assert [reply.n_frames for reply in replies] == [4, 6, 12, 4]
    rates = [4 / 50 * 24, 6 / 90 * 30, 12 / 60 * 10, 4 / 50 * 24]
    assert [reply.effective_fps for reply in replies] == pytest.approx(rates)
    # System and turn tokens, four video tokens a pair of frames, and the query.
    assert replies[1].n_prompt_tokens - replies[2].n_prompt_tokens == 12 - 24 + 1
    assert all(reply.seconds > 0 for reply in replies)


def test_a_bad_video_fails_its_own_request_only(open_model, requests, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_text("this is no video")
    missing = request(tmp_path / "gone.mp4", "a star")
    mixed = [requests[0], request(broken, "a star"), missing, requests[1]]
    model = open_model()
    replies = model.generate(mixed)
    assert texts_of([replies[0], replies[3]]) == texts_of(model.generate(requests[:2]))
    assert replies[1].failure.startswith("broken.mp4: got a file that cannot be decoded")
    assert replies[2].failure.startswith("gone.mp4: got no such file")
    assert texts_of(replies)[1:3] == [None, None]


def test_a_request_without_a_video_fails(open_model, requests):
    without = Request(key="x", query=requests[0].query, prompt="Query: a star")
    assert "without a video" in open_model().generate([without])[0].failure


def test_a_query_of_ten_thousand_characters_is_answered(open_model, requests):
    long = request(requests[0].video.path, "red circle " * 909 + "z", max_new_tokens=2)
    (reply,) = open_model().generate([long])
    assert reply.failure is None
    assert reply.n_prompt_tokens > 1800


def test_a_prompt_beyond_the_context_fails_its_own_request_only(open_model, requests):
    endless = request(requests[0].video.path, "zq " * 20_000)
    replies = open_model().generate([endless, requests[1]])
    assert "tokens, expected at most" in replies[0].failure
    assert replies[1].failure is None


def test_an_empty_query_and_one_of_special_tokens_are_answered(open_model, requests):
    path = requests[0].video.path
    odd = [request(path, ""), request(path, "<|im_end|><|video_pad|><|vision_start|> \x00 \ud83c")]
    assert [reply.failure for reply in open_model().generate(odd)] == [None, None]


def test_the_frames_decide(open_model, requests, make_clip):
    other = request(make_clip("d.mp4", n_frames=50, fps=12), requests[0].query.text)
    first, second = open_model().generate([requests[0], other])
    assert first.text != second.text


def test_cached_steps_give_what_the_whole_sequence_gives(open_model, requests):
    """The positions of new tokens continue those of the prompt."""
    model = open_model()
    network, processor = model.checkpoint.network, model.checkpoint.processor
    frames = model._frames_loader.load(requests[:2])
    inputs = make_inputs(processor, requests[:2], frames, order="video_text")
    replied = texts_of(model.generate(requests[:2]))
    n_compared = 5
    for _ in range(n_compared):
        with torch.inference_mode():
            best = network(**inputs).logits[:, -1].argmax(dim=-1, keepdim=True)
        inputs["input_ids"] = torch.cat([inputs["input_ids"], best], dim=1)
        for name, fill in (("attention_mask", 1), ("mm_token_type_ids", 0)):
            column = torch.full_like(best, fill, dtype=inputs[name].dtype)
            inputs[name] = torch.cat([inputs[name], column], dim=1)
    whole = processor.tokenizer.batch_decode(inputs["input_ids"][:, -n_compared:])
    for text, cached in zip(whole, replied, strict=True):
        assert cached.startswith(text.rstrip("\ufffd"))


def test_sampling_follows_the_seed_and_leaves_the_global_generator_alone(open_model, requests):
    settings = {"do_sample": True, "temperature": 1.0}
    asked = [request(requests[0].video.path, "a star", **settings)]
    before = torch.random.get_rng_state()
    first = texts_of(open_model(seed=1).generate(asked))
    assert texts_of(open_model(seed=1).generate(asked)) == first
    assert texts_of(open_model(seed=2).generate(asked)) != first
    assert torch.equal(torch.random.get_rng_state(), before)


def test_loading_the_packaged_model_needs_no_network(open_model, requests, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    model = open_model()
    model.prepare([])
    assert model.generate(requests[:1])[0].failure is None


def test_a_saved_checkpoint_answers_like_the_packaged_one(open_model, requests, tmp_path):
    packaged = open_model()
    packaged.checkpoint.network.save_pretrained(tmp_path / "saved")
    packaged.checkpoint.processor.save_pretrained(tmp_path / "saved")
    saved = open_model(pretrained=str(tmp_path / "saved"))
    assert texts_of(saved.generate(requests)) == texts_of(packaged.generate(requests))


def test_the_engine_names_versions_and_device(open_model):
    engine = open_model(device="cpu").engine
    assert engine["torch"] == torch.__version__
    assert (engine["device"], engine["dtype"]) == ("cpu", "float32")
    assert {"transformers", "pillow", "decord", "av", "positions"} <= set(engine)
    assert all(isinstance(value, str) for value in engine.values())


@pytest.mark.parametrize(
    ("model_args", "said"),
    [
        ({"dtypes": "float32"}, "got the model argument dtypes"),
        ({"dtype": "int8"}, "got dtype=int8"),
        ({"device": "abacus"}, "got device=abacus"),
    ],
)
def test_a_wrong_model_argument_is_refused(model_args, said, open_model):
    with pytest.raises(UserError, match=said):
        open_model(**model_args)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """The packaged model, saved to a folder."""
    folder = tmp_path_factory.mktemp("saved")
    packaged = load_checkpoint(choice_of("package:tiny"))
    packaged.network.save_pretrained(folder)
    packaged.processor.save_pretrained(folder)
    return folder


def choice_of(name: str, **changed) -> CheckpointChoice:
    choice = CheckpointChoice(
        name=name,
        revision=None,
        dtype=torch.float32,
        device=torch.device("cpu"),
        attn_implementation="sdpa",
    )
    return replace(choice, **changed)


def refusal(choice: CheckpointChoice) -> str:
    """What a user is told, on one line."""
    with pytest.raises(UserError) as caught:
        load_checkpoint(choice)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_checkpoint_is_refused_in_one_line(open_model, tmp_path):
    model = open_model(pretrained=str(tmp_path / "nowhere"))
    with pytest.raises(NotFoundError, match="neither a folder nor a Hub id") as caught:
        model.prepare([])
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_family_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_vl"}')
    assert "of type qwen2_vl, expected a video model" in refusal(choice_of(str(tmp_path)))


@pytest.mark.parametrize("content", [None, b"", b"no weights " * 1000])
def test_damaged_weights_are_refused_in_one_line(content, saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "damaged"))
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000] if content is None else content)
    assert "which is damaged" in refusal(choice_of(str(folder)))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_configuration_is_refused_in_one_line(content, saved, tmp_path):
    folder = Path(shutil.copytree(saved, tmp_path / "damaged"))
    (folder / "config.json").write_text(content)
    assert refusal(choice_of(str(folder))).startswith(f"got pretrained={folder}, which")


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    assert "a folder without config.json" in refusal(choice_of(str(tmp_path)))


@pytest.mark.parametrize("named", ["flash_attention_2", "nonsense"])
def test_attention_that_is_not_installed_is_refused(named, saved):
    if named == "flash_attention_2" and importlib.util.find_spec("flash_attn"):
        pytest.skip("flash_attn is installed")
    for name in ("package:tiny", str(saved)):
        said = refusal(choice_of(name, attn_implementation=named))
        assert said.startswith(f"got attn_implementation={named}, which cannot be used here")


def test_the_commit_that_was_named_is_loaded_though_the_branch_moved(
    open_model, saved, tmp_path, monkeypatch
):
    commit, later = "a" * 40, "b" * 40
    model_folder = tmp_path / "hub" / "models--org--moving"
    shutil.copytree(saved, model_folder / "snapshots" / commit)
    (model_folder / "snapshots" / later).mkdir()
    (model_folder / "snapshots" / later / "config.json").write_text("{")
    (model_folder / "refs").mkdir()
    (model_folder / "refs" / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("RARFT_OFFLINE", "1")
    model_args = {"pretrained": "org/moving"}
    assert resolve_revision(CARD, model_args=model_args) == commit
    (model_folder / "refs" / "main").write_text(later)
    model = open_model(**model_args)
    model.prepare([])
    assert model.checkpoint.network.config.model_type == "qwen2_5_vl"


def test_a_card_without_frames_is_refused(open_model):
    with pytest.raises(UserError, match="a card without frames"):
        open_model(CARD.model_copy(update={"frames": None}))


def test_a_card_without_a_checkpoint_says_how_to_name_one(open_model):
    with pytest.raises(UserError, match="--model_args pretrained=") as caught:
        open_model(CARD.model_copy(update={"checkpoint": None}))
    assert "\n" not in str(caught.value)


@pytest.mark.gpu
def test_on_a_gpu_the_model_answers_in_bfloat16_and_survives_a_full_memory(open_model, requests):
    model = open_model(device="cuda")
    assert model.engine["dtype"] == "bfloat16"
    assert [reply.failure for reply in model.generate(requests)] == [None] * 4
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        long = request(requests[0].video.path, "red circle " * 3000)
        torch.cuda.empty_cache()
        failures = [reply.failure for reply in model.generate([long, long])]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert failures == ["out of GPU memory"] * 2

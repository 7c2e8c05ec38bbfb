"""What the vllm backend refuses before an engine runs, and after it has seen the first prompts."""

import importlib.util
import json
from pathlib import Path

import pytest

from rarft.harness.errors import NotFoundError, ReplyError, UserError
from rarft.harness.models import vllm_engine
from rarft.harness.models.card import Card
from rarft.harness.models.checkpoint import checkpoint_folder
from rarft.harness.models.vllm_checkpoint import read_checkpoint
from rarft.harness.models.vllm_prompts import Expected, check_arrived

EXPECTED = Expected(ids=[1, 5, 5, 2], positions=[[0, 1, 2, 3]] * 3, effective_fps=1.92)
OTHER = [[0, 1, 1, 2]] * 3


def folder_of(tmp_path: Path, model_type: str) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    return tmp_path


def test_a_model_whose_video_vllm_is_known_to_get_wrong_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "qwen3_vl")

    with pytest.raises(UserError, match=r"of type qwen3_vl.*allow_time_mismatch=true") as refusal:
        read_checkpoint(str(folder), None, cache=tmp_path, allows_time_mismatch=False)

    assert "\n" not in str(refusal.value)


def test_told_otherwise_it_goes_on_to_read_the_checkpoint(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "qwen3_vl")

    with pytest.raises(NotFoundError, match="cannot be loaded"):
        read_checkpoint(str(folder), None, cache=tmp_path, allows_time_mismatch=True)


@pytest.mark.parametrize("allows", [True, False])
def test_a_model_without_videos_is_refused_whatever_is_allowed(
    tmp_path: Path, allows: bool
) -> None:
    folder = folder_of(tmp_path, "llama")

    with pytest.raises(UserError, match=r"of type llama, expected one of qwen2_5_vl"):
        read_checkpoint(str(folder), None, cache=tmp_path, allows_time_mismatch=allows)


def test_a_checkpoint_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot be loaded"):
        read_checkpoint(str(tmp_path), None, cache=tmp_path, allows_time_mismatch=False)


def test_drawn_weights_are_written_once_and_are_a_whole_checkpoint(tmp_path: Path) -> None:
    first = read_checkpoint("package:tiny", None, cache=tmp_path, allows_time_mismatch=False)
    written = Path(first.source) / "model.safetensors"
    time_ns = written.stat().st_mtime_ns

    again = read_checkpoint("package:tiny", None, cache=tmp_path, allows_time_mismatch=False)

    assert again.source == first.source
    assert written.stat().st_mtime_ns == time_ns
    packaged = Path(checkpoint_folder("package:tiny"))
    assert {path.name for path in packaged.glob("*.json")} <= {
        path.name for path in Path(first.source).iterdir()
    }
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [Path(first.source).name]


def test_drawn_weights_are_those_of_the_hf_backend(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    from rarft.harness.models.checkpoint import CheckpointChoice, load_checkpoint

    read = read_checkpoint("package:tiny", None, cache=tmp_path, allows_time_mismatch=False)
    choice = CheckpointChoice(
        name="package:tiny",
        revision=None,
        dtype=torch.float32,
        device=torch.device("cpu"),
        attn_implementation="sdpa",
    )
    own = load_checkpoint(choice).network.state_dict()
    written = load_file(Path(read.source) / "model.safetensors")

    assert own.keys() == written.keys()
    assert all(torch.equal(own[name], written[name]) for name in own)
    assert read.end_tokens == [1138, 1136]


def test_equal_tokens_and_positions_pass() -> None:
    check_arrived([EXPECTED], [EXPECTED.ids], [[OTHER, EXPECTED.positions]])


def test_other_tokens_are_refused_with_the_place_where_they_part() -> None:
    with pytest.raises(UserError, match=r"got 5 prompt tokens .* different from token 2 on"):
        check_arrived([EXPECTED], [[1, 5, 7, 5, 2]], [[EXPECTED.positions]])


def test_positions_of_another_rate_are_refused() -> None:
    with pytest.raises(UserError, match=r"frames at 1\.92 fps, expected equal ones"):
        check_arrived([EXPECTED], [EXPECTED.ids], [[OTHER]])


def test_positions_that_nobody_saw_are_refused() -> None:
    with pytest.raises(UserError, match="no look at vLLM's positions"):
        check_arrived([EXPECTED, EXPECTED], [EXPECTED.ids] * 2, [[], []])


def test_a_prompt_of_another_replica_counts_as_long_as_one_was_seen() -> None:
    check_arrived([EXPECTED, EXPECTED], [EXPECTED.ids] * 2, [[], [EXPECTED.positions]])


def vllm_model(cache: Path) -> vllm_engine.VllmModel:
    card = Card(
        name="m",
        family="base",
        backend="vllm",
        checkpoint="package:tiny",
        frames={"fps": 2},
        licence="MIT",
        source="the test",
    )
    return vllm_engine.load(card, model_args={}, generation={}, batch_size=4, seed=0, cache=cache)


def test_one_death_fails_a_batch_and_a_second_in_a_row_ends_the_run(tmp_path: Path) -> None:
    model = vllm_model(tmp_path)

    first, second = (model._buried(RuntimeError("out of\nmemory")) for _ in range(2))

    assert isinstance(first, ReplyError)
    assert str(first) == "vLLM's engine died (out of memory)"
    assert isinstance(second, UserError)
    assert "died 2 times in a row (out of memory); lower gpu_memory_utilization" in str(second)
    assert "\n" not in str(second)
    model.close()


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm_the_run_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    model = vllm_model(tmp_path)

    with pytest.raises(UserError, match="install it with pip install"):
        _ = model.engine
    model.close()

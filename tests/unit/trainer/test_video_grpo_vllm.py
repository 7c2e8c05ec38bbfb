"""Rollouts by vLLM: the same frames and tokens as training, or none at all."""

import importlib.util
import json
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import mean, variance

import pytest
import torch

from rarft.harness.errors import RarftError, UserError
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.prompts import VideoSource
from rarft.trainer.video_grpo_vllm import check_ids, engine_prompt, largest_video_tokens
from rarft.trainer.video_rows import VideoStore, raw_patches

SERVER_FLAGS = ("--enable-scale-out", "--logprobs-mode", "processed_logprobs")
SERVER_FLAGS += ("--generation-config", "vllm")
HAS_VLLM = importlib.util.find_spec("vllm") is not None


def test_the_engine_gets_one_placeholder_and_the_frames(processor, policy, clips, rows):
    video = VideoStore(processor, policy).load(VideoSource(clips[0]))
    encoder = PromptEncoder(processor)
    ids = encoder.ids(rows[0]["prompt"], video)
    prompt = engine_prompt(ids, video, video_token_id=processor.video_token_id)
    assert prompt["prompt_token_ids"] == encoder.raw_ids(rows[0]["prompt"])
    ((pixels, metadata),) = prompt["multi_modal_data"]["video"]
    assert pixels.shape == video.frames.pixels.shape
    assert metadata["frames_indices"] == list(video.frames.indices)
    assert metadata["do_sample_frames"] is False


def test_prompts_without_video_go_as_they_are():
    assert engine_prompt([1, 2], None, video_token_id=9) == {"prompt_token_ids": [1, 2]}


def test_ids_that_were_expanded_twice_are_refused():
    check_ids([1, 9, 9, 2], [1, 9, 9, 2])
    with pytest.raises(RarftError, match="got 6 prompt tokens from vLLM"):
        check_ids([1, 9, 9, 2], [1, 9, 9, 9, 9, 2])


def test_a_server_gets_the_patches_before_they_were_normalised(processor, policy, clips):
    video = VideoStore(processor, policy).load(VideoSource(clips[0]))
    reader = processor.video_processor
    raw = raw_patches(processor, video).reshape(len(video.pixels), 3, -1).float()
    mean, std = (torch.tensor(one)[:, None] for one in (reader.image_mean, reader.image_std))
    expected = (raw * reader.rescale_factor - mean) / std
    assert torch.allclose(expected.reshape(video.pixels.shape), video.pixels, atol=1e-5)


def test_room_is_kept_for_the_largest_video():
    policy = FramesPolicy(max_frames=8, total_pixels=8 * 3136, min_pixels=3136, max_pixels=3136)
    assert largest_video_tokens(policy) == 4 * 4


@pytest.mark.skipif(not HAS_VLLM, reason="vllm is not installed")
def test_a_server_that_does_not_answer_is_named(make_trainer):
    url = "http://127.0.0.1:9"
    settings = {"vllm_mode": "server", "vllm_server_base_url": url, "vllm_server_timeout": 0.1}
    with pytest.raises(UserError, match="got no answer from http://127"):
        make_trainer(use_vllm=True, **settings)


def test_engines_over_several_gpus_are_refused_in_one_line(make_trainer):
    with pytest.raises(UserError, match="got vllm_tensor_parallel_size=2"):
        make_trainer(use_vllm=True, vllm_mode="colocate", vllm_tensor_parallel_size=2)


@pytest.mark.skipif(HAS_VLLM, reason="vllm is installed")
@pytest.mark.parametrize("mode", ["colocate", "server"])
def test_without_vllm_the_extra_is_named(make_trainer, mode):
    with pytest.raises(UserError, match=r"rarft\[vllm\]"):
        make_trainer(use_vllm=True, vllm_mode=mode)


@pytest.fixture(scope="module")
def by_transformers(checkpoint, rows, tmp_path_factory):
    return trained(checkpoint, rows, tmp_path_factory.mktemp("transformers"), "transformers")


@pytest.fixture
def engine(request, checkpoint, tmp_path):
    """Where rollouts come from: this process, or a server that is started on loopback."""
    if request.param == "colocate":
        yield "colocate"
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(checkpoint), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--dtype", "float32", "--enforce-eager", "--max-model-len", "512"]
    command += ["--limit-mm-per-prompt", '{"video": 1, "image": 0}']
    environment = {**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, *SERVER_FLAGS], stdout=log, stderr=log, env=environment
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server, tmp_path / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(url, server, log):
    for _ in range(300):
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(1)
    pytest.fail(f"no server after 300 s: {log.read_text()[-3000:]}")


def trained(checkpoint, rows, folder, engine):
    """Train in a process of its own: an engine leaves threads and settings behind."""
    (folder / "rows.json").write_text(json.dumps(rows))
    script = Path(__file__).with_name("vllm_rollouts.py")
    command = [sys.executable, str(script), str(checkpoint), str(folder), engine]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads((folder / "log.json").read_text())


@pytest.mark.slow
@pytest.mark.skipif(not HAS_VLLM, reason="vllm is not installed")
@pytest.mark.parametrize("engine", ["colocate", "server"], indirect=True)
def test_show_3_rollouts_by_vllm_are_those_of_the_policy(
    engine, checkpoint, rows, by_transformers, tmp_path
):
    """The trainer itself compares prompt ids in every batch, and would have stopped."""
    log = trained(checkpoint, rows, tmp_path, engine)
    assert len(log["steps"]) == 4
    for step in log["steps"]:
        # What is left is the share of the placeholders, which the engine may not sample: 5 of 1152
        # tokens. A blind engine, or one with older weights, differs by 0.1 and more.
        assert step["sampling/sampling_logp_difference/max"] < 0.05
        # Of whole replies, hence of eight tokens.
        assert step["sampling/importance_sampling_ratio/mean"] == pytest.approx(1, abs=0.1)
    # The engine begins with the policy's first weights and follows it away from them.
    assert log["from_start"][0] < 0.05
    assert all(away > 0.5 for away in log["from_start"][1:])
    pairs = zip(log["rewards"], by_transformers["rewards"], strict=True)
    assert all(standard_errors_apart(ours, theirs) < 4 for ours, theirs in pairs)


def standard_errors_apart(ours, theirs):
    """Return how far two means are apart, in standard errors of their difference."""
    assert len(ours) == len(theirs) == 32
    error = math.sqrt((variance(ours) + variance(theirs)) / len(ours))
    return abs(mean(ours) - mean(theirs)) / error

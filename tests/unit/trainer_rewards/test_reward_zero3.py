"""ZeRO-3 cuts every network in parts but the encoder."""

import os
import socket
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import deepspeed, torch
from rarft.trainer.cpu_processes import join_processes
from transformers import AutoModel
from transformers.integrations import HfDeepSpeedConfig
from rarft.trainer.reward_encoder import load_whole_encoder
from rarft.trainer.rewards import reward_functions

folder, how = sys.argv[1:]
setting = {"train_micro_batch_size_per_gpu": 1, "zero_optimization": {"stage": 3}}
join_processes()

def is_whole(network):
    return all(p.numel() > 0 and not hasattr(p, "ds_id") for p in network.parameters())

def rewards(encoder):
    (explain,) = reward_functions(["explain"], encoder=encoder, device="cpu")
    return explain(
        ["<answer>no dog</answer>"], relevant=[False], spans=[[[2.0, 6.0]]], refusal=["a cat"]
    )

if how == "setting":
    kept = HfDeepSpeedConfig(setting)
    other = AutoModel.from_pretrained(folder)
    encoder = load_whole_encoder(folder, device="cpu")
    again = AutoModel.from_pretrained(folder)
else:
    with deepspeed.zero.Init(config_dict_or_path=setting):
        other = torch.nn.Linear(8, 8)
        encoder = load_whole_encoder(folder, device="cpu")
        again = torch.nn.Linear(8, 8)
assert not is_whole(other) and not is_whole(again), "the control is whole"
assert is_whole(encoder), "the encoder is cut"
print(*rewards(folder))
"""


def run(folder, how):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "LOCAL_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "DS_ACCELERATOR": "cpu",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder, how],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("how", ["setting", "context"])
def test_the_encoder_is_whole_where_zero3_cuts_everything_else(small_bert, how):
    pytest.importorskip("deepspeed")
    from rarft.trainer.rewards import reward_functions

    (explain,) = reward_functions(["explain"], encoder=small_bert)
    expected = explain(
        ["<answer>no dog</answer>"], relevant=[False], spans=[[[2.0, 6.0]]], refusal=["a cat"]
    )
    assert run(small_bert, how) == pytest.approx(expected[0], abs=1e-5)

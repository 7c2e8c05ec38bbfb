"""Who sees which GPU; no GPU is needed to say so."""

from typing import Any

import pytest

from rarft.harness.errors import UserError
from rarft.harness.workers.devices import device_slices, see_own_devices, visible_devices

EIGHT = [str(number) for number in range(8)]


@pytest.mark.parametrize(
    ("backend", "model_args", "n_workers", "expected"),
    [
        ("hf", {}, 8, list("01234567")),
        ("hf", {}, 2, ["0,1,2,3", "4,5,6,7"]),
        ("hf", {}, 3, ["0,1", "2,3", "4,5"]),
        ("bridge", {}, 4, ["0,1", "2,3", "4,5", "6,7"]),
        ("vllm", {}, 2, ["0", "1"]),
        ("vllm", {"tensor_parallel_size": 2}, 2, ["0,1", "2,3"]),
        ("vllm", {"tensor_parallel_size": 2, "pipeline_parallel_size": 2}, 2, None),
        ("hf", {"device": "cpu"}, 2, [None, None]),
        ("openai", {}, 2, [None, None]),
        ("vllm", {"distributed_executor_backend": "ray"}, 2, [None, None]),
    ],
)
def test_each_worker_sees_what_one_engine_needs_or_an_equal_share(
    backend: str, model_args: dict[str, Any], n_workers: int, expected: list[str | None] | None
) -> None:
    slices = device_slices(n_workers, backend=backend, model_args=model_args, visible=EIGHT)
    assert slices == (expected or ["0,1,2,3", "4,5,6,7"])


def test_too_few_gpus_and_a_named_gpu_are_one_line() -> None:
    with pytest.raises(UserError, match="9 workers with 1 GPU each, but 8"):
        device_slices(9, backend="hf", model_args={}, visible=EIGHT)
    with pytest.raises(UserError, match="expected at least 12"):
        device_slices(3, backend="vllm", model_args={"tensor_parallel_size": 4}, visible=EIGHT)
    with pytest.raises(UserError, match="device=cuda:1"):
        device_slices(2, backend="hf", model_args={"device": "cuda:1"}, visible=EIGHT)


def test_what_the_user_made_visible_is_shared_and_nothing_else() -> None:
    environ = {"CUDA_VISIBLE_DEVICES": "5,GPU-ab, 7"}
    assert visible_devices(environ, backend="hf") == ["5", "GPU-ab", "7"]
    assert visible_devices({"CUDA_VISIBLE_DEVICES": ""}, backend="hf") == []
    assert visible_devices({"CUDA_VISIBLE_DEVICES": "0,-1,1"}, backend="hf") == ["0"]
    assert visible_devices(environ, backend="floors") == []
    see_own_devices(1, 3, backend="hf", model_args={}, environ=environ)
    assert environ == {"CUDA_VISIBLE_DEVICES": "GPU-ab"}

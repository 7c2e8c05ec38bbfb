"""The whole way on a CUDA device: the same command, the same files."""

import pytest

from rarft.harness import evaluate


@pytest.mark.gpu
def test_the_tiny_model_answers_every_query_on_a_gpu() -> None:
    results = evaluate(
        "tiny",
        "synth_hi",
        limit=16,
        batch_size=8,
        model_args={"device": "cuda"},
        metadata={"n_queries": 16},
        n_resamples=100,
    )
    assert results["results"]["synth_hi"]["n_scored,none"] == 16
    assert results["provenance"]["engine"]["dtype"] == "bfloat16"

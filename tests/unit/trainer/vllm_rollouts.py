"""Four steps of GRPO. Usage: vllm_rollouts.py CHECKPOINT FOLDER ENGINE.

ENGINE is transformers, colocate, or the address of a vLLM server. Reads rows.json in the folder and
writes log.json there: each step's rewards, its log, and how far the log-probabilities that the
engine sampled by are from those of the policy as it was at the start.
"""

import json
import os
import sys
from pathlib import Path


def main(checkpoint: str, folder: Path, engine: str) -> None:
    """Train on the rows in the folder and write the log there."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from trl import GRPOConfig

    from rarft.harness.video.policy import FramesPolicy
    from rarft.trainer.video_grpo import VideoGRPOTrainer

    rewards, from_start = [], []

    def reward_high(completion_ids, **_):
        rewards.append([sum(ids) / len(ids) / 1152 for ids in completion_ids])
        return rewards[-1]

    class Recording(VideoGRPOTrainer):
        def _generate_and_score_completions(self, inputs):
            output = super()._generate_and_score_completions(inputs)
            if "sampling_per_token_logps" in output:
                away = output["sampling_per_token_logps"] - output["ref_per_token_logps"]
                from_start.append(float((away.abs() * output["completion_mask"]).max()))
            return output

    vllm = {
        "use_vllm": True,
        "vllm_mode": "colocate" if engine == "colocate" else "server",
        "vllm_server_base_url": None if engine == "colocate" else engine,
        "vllm_max_model_length": 512,
    }
    args = GRPOConfig(
        output_dir=str(folder / "run"),
        report_to=[],
        use_cpu=True,
        bf16=False,
        learning_rate=2e-3,
        lr_scheduler_type="constant",
        beta=0.04,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=4,
        steps_per_generation=4,
        num_generations=8,
        max_completion_length=8,
        logging_steps=1,
        save_strategy="no",
        max_steps=4,
        disable_tqdm=True,
        **({} if engine == "transformers" else vllm),
    )
    trainer = Recording(
        AutoModelForImageTextToText.from_pretrained(checkpoint),
        [reward_high],
        args,
        json.loads((folder / "rows.json").read_text()),
        processing_class=AutoProcessor.from_pretrained(checkpoint),
        policy=FramesPolicy(
            min_frames=4, max_frames=8, total_pixels=8 * 3136, min_pixels=3136, max_pixels=3136
        ),
    )
    trainer.train()
    log = {
        "rewards": rewards,
        "from_start": from_start,
        "steps": [row for row in trainer.state.log_history if "loss" in row],
    }
    (folder / "log.json").write_text(json.dumps(log))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])

"""Ten steps of GRPO in one of several processes. Usage: train_zero3.py FOLDER ROWS OUT CHANGES.

The launcher's variables say which process this is. CHANGES is JSON: the ZeRO stage, and whether
adapters are trained. A run goes on from its last whole checkpoint.
"""

import json
import os
import sys
from pathlib import Path

from rarft.harness.errors import UserError

DEEPSPEED = {
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "train_batch_size": "auto",
    "gradient_clipping": "auto",
    "optimizer": {
        "type": "AdamW",
        "params": {
            **dict.fromkeys(("lr", "betas", "eps", "weight_decay"), "auto"),
            "torch_adam": True,
        },
    },
    "zero_optimization": {"stage3_gather_16bit_weights_on_model_save": True},
}


def reward_digits(completion_ids, **_):
    """Rewards that differ within a group."""
    return [sum(ids) % 97 / 97 for ids in completion_ids]


def main(folder: Path, rows: Path, out: Path, changes: dict[str, object]) -> None:
    """Train, and write the log where this is the first process."""
    from rarft.trainer.cpu_processes import join_processes

    join_processes()
    import torch.distributed as dist
    from peft import LoraConfig
    from transformers import AutoProcessor
    from trl import GRPOConfig

    from rarft.harness.video.policy import FramesPolicy
    from rarft.trainer.video_grpo import VideoGRPOTrainer
    from rarft.trainer.whole_checkpoint import last_whole_checkpoint

    zero = {**DEEPSPEED["zero_optimization"], "stage": changes["stage"]}
    args = GRPOConfig(
        output_dir=str(out),
        report_to=[],
        use_cpu=True,
        bf16=False,
        beta=0.04,
        learning_rate=1e-2,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        steps_per_generation=4,
        num_generations=4,
        max_completion_length=6,
        logging_steps=1,
        save_strategy="steps",
        save_steps=1,
        save_total_limit=3,
        max_steps=10,
        seed=3,
        disable_tqdm=True,
        deepspeed={**DEEPSPEED, "zero_optimization": zero},
    )
    adapters = LoraConfig(r=4, target_modules=r".*language_model.*\.(q|v)_proj")
    trainer = VideoGRPOTrainer(
        str(folder),
        [reward_digits],
        args,
        json.loads(rows.read_text()),
        processing_class=AutoProcessor.from_pretrained(folder),
        policy=FramesPolicy(max_frames=8, total_pixels=8 * 3136, min_pixels=3136, max_pixels=3136),
        **({"peft_config": adapters} if changes.get("adapters") else {}),
    )
    last = last_whole_checkpoint(out)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if args.process_index == 0:
        steps = [row for row in trainer.state.log_history if "loss" in row]
        log = {"began_at": last and last.name, "steps": steps}
        (out / "log.json").write_text(json.dumps(log))
    # A process group that is still there when Python ends may abort the process.
    dist.destroy_process_group()


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:4]), json.loads(sys.argv[4]))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        # At once: the other processes may be past the point where this one could say goodbye.
        os._exit(2)

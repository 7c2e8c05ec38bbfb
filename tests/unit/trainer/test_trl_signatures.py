"""What we override in TRL and transformers, as it was when the overrides were written.

A failure here means that an upgrade changed what the trainer builds on: read the new code first.
"""

import inspect

import pytest
from transformers import Trainer
from trl import GRPOTrainer
from trl.models.utils import disable_gradient_checkpointing
from trl.trainer import utils

PARAMETERS = {
    "_tokenize_prompts": ["self", "prompts"],
    "_generate_single_turn": [
        "self",
        "prompt_ids",
        "images",
        "multimodal_fields",
        "num_generations",
        "has_tool_images",
    ],
    "_generate_and_score_completions": ["self", "inputs"],
    "_get_per_token_logps_and_entropies": [
        "self",
        "model",
        "input_ids",
        "attention_mask",
        "logits_to_keep",
        "batch_size",
        "compute_entropy",
        "compute_aux_loss",
        "pixel_values",
        "image_grid_thw",
        "num_images",
        "pixel_attention_mask",
        "spatial_shapes",
        "num_tiles",
        "image_sizes",
        "token_type_ids",
        "mm_token_type_ids",
        "image_position_ids",
    ],
    "compute_loss": ["self", "model", "inputs", "return_outputs", "num_items_in_batch"],
    "training_step": ["self", "model", "inputs", "num_items_in_batch"],
    "_get_train_sampler": ["self", "dataset"],
    "_save_checkpoint": ["self", "model", "trial"],
    "_load_optimizer_and_scheduler": ["self", "checkpoint"],
}


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_overridden_methods_have_the_parameters_they_had(name):
    assert list(inspect.signature(getattr(GRPOTrainer, name)).parameters) == PARAMETERS[name]


@pytest.mark.parametrize(
    ("owner", "statement"),
    [
        (GRPOTrainer._get_per_token_logps_and_entropies, "outputs = model(**model_inputs,"),
        (GRPOTrainer._generate, "prompt_ids, images, multimodal_fields = self._tokenize_prompts("),
        (GRPOTrainer._generate_single_turn, "for k, v in multimodal_fields.items():"),
        (GRPOTrainer._prepare_inputs, "self._buffered_inputs[self._step % "),
        (GRPOTrainer._prepare_inputs, "shuffle_sequence_dict(generation_batch)"),
        (GRPOTrainer.get_train_dataloader, "sampler_fn=self._get_train_sampler"),
        (Trainer._prepare_for_training, "self._load_optimizer_and_scheduler("),
        (Trainer._save_checkpoint, "rotate_checkpoints("),
        (utils.add_fused_lm_head, "backbone_outputs = getattr(self, backbone_attr)("),
    ],
)
def test_the_statements_that_overrides_rely_on_are_there(owner, statement):
    assert statement in inspect.getsource(owner)


def test_lists_are_shuffled_and_split_beside_tensors():
    import torch

    batch = {"ids": torch.arange(4), "video_rows": [0, 1, 2, 3]}
    shuffled = utils.shuffle_sequence_dict(batch)
    assert shuffled["ids"].tolist() == shuffled["video_rows"]
    halves = utils.split_tensor_dict(batch, 2)
    assert [half["video_rows"] for half in halves] == [[0, 1], [2, 3]]


def test_checkpointing_can_be_switched_off_for_a_pass():
    parameters = inspect.signature(disable_gradient_checkpointing).parameters
    assert list(parameters) == ["model", "gradient_checkpointing_kwargs"]

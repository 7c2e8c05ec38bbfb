"""TRL's GRPOTrainer, whose every pass sees the video.

In TRL 1.16 only the rollout does: old, reference and policy log-probabilities and the loss are
those of a model that sees placeholders. What is overridden here carries each row's video along as
one entry of a list, which TRL's shuffling and splitting keep beside its row.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from accelerate.utils import gather_object
from trl import GRPOConfig
from trl.models.utils import disable_gradient_checkpointing

from rarft.harness.errors import UserError
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.beginnings import Beginnings
from rarft.trainer.checked_rewards import RewardFunction, checked_reward
from rarft.trainer.engine_reply import EngineReply, check_engine
from rarft.trainer.epoch_sampler import EpochSampler
from rarft.trainer.memory_advice import BatchShape, Phase, memory_advice
from rarft.trainer.networks import mend_network
from rarft.trainer.placeholders import generation_settings
from rarft.trainer.prompt_groups import grouped
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.prompts import COLUMNS, Message
from rarft.trainer.redraw import Redraw, Row, Rows
from rarft.trainer.rollout_engine import rollout_engine
from rarft.trainer.self_test import (
    PROBE,
    check_prompt_ids,
    check_rows,
    check_sight,
)
from rarft.trainer.shared_prompts import takes_packed_rows
from rarft.trainer.sighted_model import SightedModel, token_types, video_tensors
from rarft.trainer.training_rows import set_epoch, stand_in
from rarft.trainer.video_grpo_checkpoint import ResumableGRPOTrainer
from rarft.trainer.video_rows import DEFAULT_MAX_BYTES, VideoRow, VideoStore

_logger = logging.getLogger(__name__)


class VideoGRPOTrainer(ResumableGRPOTrainer):
    """GRPO on videos, for any mixture of prompts per device, accumulation and reuse of rollouts.

    Args:
        model: A checkpoint of the Qwen2.5-VL family, or one loaded from a folder.
        reward_funcs: Plain TRL reward functions.
        args: TRL's own configuration.
        train_dataset: Rows with the columns of `prompts.COLUMNS`; `set_epoch`, where they have it,
            is called before each epoch. Their number must not change.
        processing_class: The checkpoint's processor.
        policy: Which frames of a video are seen.
        frames_cache: Where decoded frames outlive the run.
        max_video_bytes: Memory for preprocessed videos; with 0 every copy is decoded.
        shares_prompts: Whether rows of a micro-batch with one prompt are learned from as one row
            with several completions, and micro-batches are made of whole groups.
        options: What else TRL's constructor takes, such as `peft_config` and `callbacks`.

    Raises:
        UserError: the rows are empty, lack a column, or differ between processes.
    """

    def __init__(
        self,
        model: Any,
        reward_funcs: Sequence[RewardFunction],
        args: GRPOConfig,
        train_dataset: Rows,
        *,
        processing_class: Any,
        policy: FramesPolicy,
        frames_cache: FramesCache | None = None,
        max_video_bytes: int = DEFAULT_MAX_BYTES,
        shares_prompts: bool = True,
        **options: Any,
    ) -> None:
        check_rows(train_dataset, COLUMNS, gather_object, seed=args.seed)
        processing_class.tokenizer.padding_side = "left"
        args.generation_kwargs = generation_settings(
            args.generation_kwargs, processing_class.tokenizer, use_vllm=args.use_vllm
        )
        # TRL would start an engine without room for video.
        use_vllm, args.use_vllm = args.use_vllm, False
        super().__init__(
            model=model,
            reward_funcs=[checked_reward(reward) for reward in reward_funcs],
            args=args,
            train_dataset=stand_in(train_dataset),
            processing_class=processing_class,
            **options,
        )
        self.train_dataset = train_dataset
        for network in (self.model, self.ref_model):
            if network is not None:
                mend_network(self.accelerator.unwrap_model(network))
        self.video_store = VideoStore(
            processing_class, policy, frames_cache=frames_cache, max_bytes=max_video_bytes
        )
        self.shares_prompts = shares_prompts and self._takes_packed_rows()
        self._encoder = PromptEncoder(processing_class)
        self._redraw = Redraw(self.video_store, gather_object, seed=args.seed)
        self._rows_now: Sequence[VideoRow | None] = []
        self._phase: Phase = "rollout"
        self._shape = BatchShape(n_rows=0, n_prompt_tokens=0, n_video_tokens=0, n_new_tokens=0)
        self._sampler: EpochSampler | None = None
        self.add_callback(Beginnings(self))
        if use_vllm:
            self.use_vllm = args.use_vllm = True
            self.vllm_generation = rollout_engine(self, policy, lambda: self._rows_now)
            self._last_loaded_step = -1

    def _takes_packed_rows(self) -> bool:
        networks = [one for one in (self.model, self.ref_model) if one is not None]
        for network in networks:
            config = self._bare(network).config.get_text_config()
            if not takes_packed_rows(config):
                _logger.warning(
                    "got attn_implementation=%s, expected sdpa or eager, to read a group's prompt "
                    "once; each of its completions is learned from with a prompt of its own",
                    config._attn_implementation,
                )
                return False
        return True

    def _bare(self, model: Any) -> Any:
        """Return a network without what accelerate, DeepSpeed and peft wrap around it."""
        network = self.accelerator.unwrap_model(model)
        return network.get_base_model() if hasattr(network, "get_base_model") else network

    @property
    def skipped_videos(self) -> dict[str, str]:
        """Return why each video that was skipped could not be used, by its path."""
        return dict(self._redraw.reasons)

    def self_test(self) -> None:
        """Refuse to train where the video does not reach every pass.

        Raises:
            RarftError: the model is blind, or the rollout engine reads other tokens or answers
                otherwise than the model.
            UserError: no row has a usable video.
        """
        usable = self._redraw.usable([self.train_dataset[0]], self.train_dataset)
        messages, (video,) = usable.rows[0]["prompt"], usable.videos
        if video is None:
            raise UserError("got a first row without a video, expected one; mend its prompt")
        ids = self._encoder.ids(messages, video)
        reply = self._engine_reply(ids, video) if self.use_vllm else None
        check_prompt_ids(self.processing_class, messages, video, reply.prompt_ids if reply else ids)
        if reply is not None:
            tokens = torch.tensor([[*ids, *reply.ids]])
            with torch.no_grad():
                own = self._log_probs(tokens, [video], len(reply.ids))[0]
            check_engine(reply, own.tolist())
        probe = self.processing_class.tokenizer(PROBE)["input_ids"]
        check_sight(self._log_probs, ids, video, probe)

    def _engine_reply(self, ids: Sequence[int], video: VideoRow) -> EngineReply:
        # A run that is resumed has other weights than those the engine was started with.
        self.vllm_generation.sync_weights()
        reply: EngineReply = self.vllm_generation.probe(ids, video)
        return reply

    def begin_epoch(self, epoch: int) -> None:
        """Put rows and sampler into the order of an epoch."""
        set_epoch(self.train_dataset, epoch)
        if self._sampler is not None:
            self._sampler.set_epoch(epoch)

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Take one micro-step.

        Raises:
            UserError: the GPU's memory does not suffice; the message says what to lower.
        """
        try:
            loss: torch.Tensor = super().training_step(*args, **kwargs)
        except torch.OutOfMemoryError as error:
            raise UserError(memory_advice(self._phase, self._shape)) from error
        return loss

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Compute the loss of rows that see their own videos."""
        self._rows_now = inputs["video_rows"]
        loss: torch.Tensor = super().compute_loss(model, inputs, *args, **kwargs)
        return loss

    def _get_train_sampler(self, dataset: Any = None) -> EpochSampler:
        n_prompts = self.args.generation_batch_size // self.num_generations
        if len(self.train_dataset) < n_prompts:
            raise UserError(
                f"got {len(self.train_dataset)} training rows, expected at least the {n_prompts} "
                "prompts of one generation; lower per_device_train_batch_size or "
                "steps_per_generation"
            )
        self._sampler = EpochSampler(
            self.train_dataset if dataset is None else dataset,
            batch_size=n_prompts,
            n_copies=self.num_generations,
            n_repeats=self.num_iterations * self.args.steps_per_generation,
            seed=self.args.seed,
            shuffle=self.shuffle_dataset,
        )
        return self._sampler

    def _generate_and_score_completions(self, inputs: Sequence[Row]) -> dict[str, Any]:
        n_before = self._redraw.n_redrawn
        usable = self._redraw.usable(inputs, self.train_dataset)
        self._rows_now = usable.videos
        output: dict[str, Any] = super()._generate_and_score_completions(usable.rows)
        mode = "train" if self.model.training else "eval"
        self._metrics[mode]["videos/redrawn"].append(float(self._redraw.n_redrawn - n_before))
        return {**output, "video_rows": list(self._rows_now)}

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        before = self._buffered_inputs
        inputs = super()._prepare_inputs(generation_batch)
        if not self.shares_prompts or self._buffered_inputs is before:
            return inputs
        assert self._buffered_inputs is not None
        self._buffered_inputs = grouped(self._buffered_inputs)
        return self._buffered_inputs[self._step % self.args.steps_per_generation]

    def _tokenize_prompts(
        self, prompts: Sequence[Sequence[Message]]
    ) -> tuple[list[list[int]], None, dict[str, Any]]:
        rows = self._rows_now
        ids = self._encoder.all_ids(prompts, rows)
        fields: dict[str, Any] = dict(video_tensors(rows))
        if fields:
            video_token_id = self.processing_class.video_token_id
            fields["mm_token_type_ids"] = [
                token_types(torch.tensor([one]), video_token_id=video_token_id, n_prompt=len(one))[
                    0
                ].tolist()
                for one in ids
            ]
        return ids, None, fields

    def _generate_single_turn(
        self, prompt_ids: Sequence[Sequence[int]], *args: Any, **kwargs: Any
    ) -> Any:
        self._phase = "rollout"
        self._shape = self._shape_of(
            n_rows=len(prompt_ids),
            n_prompt_tokens=max(map(len, prompt_ids)),
            n_new_tokens=self.max_completion_length,
        )
        return super()._generate_single_turn(prompt_ids, *args, **kwargs)

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> Any:
        self._phase = "loss" if torch.is_grad_enabled() else "log-probs"
        self._shape = self._shape_of(
            n_rows=min(batch_size or len(input_ids), len(input_ids)),
            n_prompt_tokens=input_ids.shape[1] - logits_to_keep,
            n_new_tokens=logits_to_keep,
        )
        sighted = SightedModel(
            model,
            self._rows_now,
            video_token_id=self.processing_class.video_token_id,
            n_new=logits_to_keep,
            network=self._bare(model) if self.shares_prompts else None,
        )
        result = super()._get_per_token_logps_and_entropies(
            sighted, input_ids, attention_mask, logits_to_keep, batch_size=batch_size, **kwargs
        )
        assert sighted.n_used == len(self._rows_now) == len(input_ids)
        return result

    def _log_probs(
        self, tokens: torch.Tensor, rows: Sequence[VideoRow | None], n_new: int
    ) -> torch.Tensor:
        """Return the policy's log-probabilities of the last tokens. Shape: (batch, n_new)."""
        tokens = tokens.to(self.accelerator.device)
        self._rows_now = rows
        with disable_gradient_checkpointing(self.model, self.args.gradient_checkpointing_kwargs):
            found: torch.Tensor = self._get_per_token_logps_and_entropies(
                self.model, tokens, torch.ones_like(tokens), n_new
            )[0]
        return found

    def _shape_of(self, *, n_rows: int, n_prompt_tokens: int, n_new_tokens: int) -> BatchShape:
        return BatchShape(
            n_rows=n_rows,
            n_prompt_tokens=n_prompt_tokens,
            n_video_tokens=max((row.n_tokens for row in self._rows_now if row), default=0),
            n_new_tokens=n_new_tokens,
        )

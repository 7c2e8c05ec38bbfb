"""Supervised fine-tuning on the rows of GRPO: transformers' Trainer, since TRL's has no video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import TrainingArguments

from rarft.harness.errors import UserError
from rarft.harness.video.cache import FramesCache
from rarft.harness.video.policy import FramesPolicy
from rarft.trainer.beginnings import Beginnings
from rarft.trainer.collator import Answer, AnswerCollator, completion_loss, reference_answer
from rarft.trainer.epoch_sampler import EpochSampler
from rarft.trainer.networks import mend_network
from rarft.trainer.prompt_ids import PromptEncoder
from rarft.trainer.prompts import COLUMNS
from rarft.trainer.redraw import Rows
from rarft.trainer.self_test import PROBE, check_prompt_ids, check_rows, check_sight
from rarft.trainer.sighted_model import SightedModel
from rarft.trainer.training_rows import set_epoch
from rarft.trainer.video_rows import DEFAULT_MAX_BYTES, VideoRow, VideoStore
from rarft.trainer.whole_checkpoints import WholeCheckpoints


class VideoSFTTrainer(WholeCheckpoints):
    """Learns the reference answers of rows, and nothing of their prompts.

    Args:
        model: A loaded checkpoint of the Qwen2.5-VL family.
        args: transformers' own configuration.
        train_dataset: Rows as GRPO takes them.
        processing_class: The checkpoint's processor.
        policy: Which frames of a video are seen.
        answer: What a row's reply should be.
        peft_config: Adapters to train instead of the weights.
        frames_cache: Where decoded frames outlive the run.
        max_video_bytes: Memory for preprocessed videos.
        options: What else transformers' constructor takes, such as `callbacks`.

    Raises:
        UserError: the rows are empty, lack a column, or differ between processes.
    """

    def __init__(
        self,
        model: Any,
        args: TrainingArguments,
        train_dataset: Rows,
        *,
        processing_class: Any,
        policy: FramesPolicy,
        answer: Answer = reference_answer,
        peft_config: Any = None,
        frames_cache: FramesCache | None = None,
        max_video_bytes: int = DEFAULT_MAX_BYTES,
        **options: Any,
    ) -> None:
        check_rows(train_dataset, COLUMNS, gather_object, seed=args.seed)
        args.remove_unused_columns = False
        args.prediction_loss_only = True
        if peft_config is not None:
            from peft import get_peft_model

            model = get_peft_model(model, peft_config)
            if args.gradient_checkpointing:
                model.enable_input_require_grads()
        mend_network(model)
        self.video_store = VideoStore(
            processing_class, policy, frames_cache=frames_cache, max_bytes=max_video_bytes
        )
        self._collator = AnswerCollator(
            processing_class, self.video_store, train_dataset, answer=answer, seed=args.seed
        )
        super().__init__(
            model=model,
            args=args,
            train_dataset=train_dataset,
            data_collator=self._collator,
            processing_class=processing_class,
            compute_loss_func=completion_loss,
            **options,
        )
        self._sampler: EpochSampler | None = None
        self.add_callback(Beginnings(self))

    @property
    def skipped_videos(self) -> dict[str, str]:
        """Return why each video that was skipped could not be used, by its path."""
        return dict(self._collator.redraw.reasons)

    def self_test(self) -> None:
        """Refuse to train where the video does not reach the model.

        Raises:
            RarftError: it does not.
            UserError: no row has a usable video.
        """
        usable = self._collator.redraw.usable([self.train_dataset[0]], self.train_dataset)
        (row,), (video,) = usable.rows, usable.videos
        if video is None:
            raise UserError("got a first row without a video, expected one; mend its prompt")
        ids = PromptEncoder(self.processing_class).ids(row["prompt"], video)
        check_prompt_ids(self.processing_class, row["prompt"], video, ids)
        probe = self.processing_class.tokenizer(PROBE)["input_ids"]
        check_sight(self._log_probs, ids, video, probe)

    def begin_epoch(self, epoch: int) -> None:
        """Put rows and sampler into the order of an epoch."""
        set_epoch(self.train_dataset, epoch)
        if self._sampler is not None:
            self._sampler.set_epoch(epoch)

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochSampler:
        rows = self.train_dataset if train_dataset is None else train_dataset
        self._sampler = EpochSampler(
            rows, batch_size=1, n_copies=1, n_repeats=1, seed=self.args.seed, shuffle=True
        )
        return self._sampler

    def _log_probs(
        self, tokens: torch.Tensor, rows: Sequence[VideoRow | None], n_new: int
    ) -> torch.Tensor:
        """Return the model's log-probabilities of the last tokens. Shape: (batch, n_new)."""
        tokens = tokens.to(self.accelerator.device)
        placeholder = self.processing_class.video_token_id
        sighted = SightedModel(self.model, rows, video_token_id=placeholder, n_new=n_new)
        with self.accelerator.autocast():
            outputs = sighted(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                logits_to_keep=n_new + 1,
                use_cache=False,
            )
        shares = torch.log_softmax(outputs.logits[:, :-1].float(), dim=-1)
        return shares.gather(2, tokens[:, -n_new:, None])[:, :, 0]

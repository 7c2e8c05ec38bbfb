"""Rollouts by a vLLM server, which is sent the frames that training sees.

TRL 1.16 sends images alone. Here each request carries expanded ids, and beside them the video as
the processor cut it into patches: the server has nothing left to sample, resize or expand. It
scales and normalises the values itself, as it does by default. It must run with
VLLM_SERVER_DEV_MODE=1, `--enable-scale-out`, `--logprobs-mode processed_logprobs`,
`--generation-config vllm`, `--limit-mm-per-prompt '{"video": 1, "image": 0}'`, and on GPUs with
`--weight-transfer-config`.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file
from trl.generation.vllm_client import VLLMClient, parse_logprobs
from trl.generation.vllm_generation import VLLMGeneration

from rarft.harness.errors import RarftError, UserError
from rarft.trainer.engine_reply import N_PROBED, EngineReply
from rarft.trainer.video_grpo_vllm import CurrentRows, check_ids
from rarft.trainer.video_rows import VideoRow, raw_patches

_MAX_REQUESTS: Final = 32
_FINAL_ONLY: Final = 2
"""vLLM's output kind under which all of a prompt's replies come back."""


class VideoVLLMServer(VLLMGeneration):
    """A client of a running server; each process asks for its own prompts.

    Args:
        rows: Returns the videos of the prompts at hand.
        video_token_id: The placeholder.
        end_tokens: Every token that ends a reply.
        settings: What TRL's constructor takes.

    Raises:
        UserError: no server answers at the address, or vLLM is not installed here.
    """

    def __init__(
        self,
        *,
        rows: CurrentRows,
        video_token_id: int,
        end_tokens: Sequence[int],
        **settings: Any,
    ) -> None:
        self._rows = rows
        self._video_token_id = video_token_id
        self._end_tokens = list(end_tokens)
        super().__init__(**settings)

    @property
    def _is_on_gpu(self) -> bool:
        return bool(self.accelerator.device.type == "cuda")

    def _init_vllm(self) -> None:
        url = self.server_base_url or f"http://{self.server_host}:{self.server_port}"
        try:
            if self._is_on_gpu:
                super()._init_vllm()
            if not self._is_on_gpu or not self.accelerator.is_main_process:
                self.vllm_client = VLLMClient(
                    base_url=url,
                    group_port=self.group_port,
                    connection_timeout=self.server_timeout,
                )
        except ImportError as error:
            raise UserError(
                "got vllm_mode=server without vllm here, expected it installed beside the trainer "
                "too; pip install rarft[vllm]"
            ) from error
        # What requests raises is no ConnectionError of Python's, but both are OSErrors.
        except OSError as error:
            raise UserError(
                f"got no answer from {url} in {self.server_timeout:g} s, expected a vLLM server; "
                "start it or mend vllm_server_base_url"
            ) from error
        self.accelerator.wait_for_everyone()

    def sync_weights(self) -> None:
        """Give the server the weights as they are now, and let it forget what others computed.

        TRL hands them over between GPUs; without one, they go through a file on this machine.
        """
        if self._is_on_gpu:
            super().sync_weights()
        else:
            self._sync_by_file()
        if self.accelerator.is_main_process:
            for cache in ("prefix", "encoder"):
                self._ask(f"reset_{cache}_cache")
        self.accelerator.wait_for_everyone()

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        images: None,
        num_generations: int,
        profiler: Any = None,
    ) -> tuple[Any, Any, Any, Any]:
        """Answer each prompt; the copies of a group that stand side by side go as one request.

        Returns:
            Ids of prompts and completions, log-probabilities, and the ids that these belong to.

        Raises:
            RarftError: the server read other ids than it was sent.
        """
        pairs = zip(prompts, self._rows(), strict=True)
        alike = [list(group) for _, group in itertools.groupby(pairs, key=_prompt_key)]
        sampling = self._sampling()
        with profiler or nullcontext(), ThreadPoolExecutor(_MAX_REQUESTS) as pool:
            asked = [
                pool.submit(self._answer, *group[0], sampling | {"n": len(group)})
                for group in alike
            ]
            choices = [choice for one in asked for choice in one.result()]
        log_probs, log_prob_ids = parse_logprobs([choice["logprobs"] for choice in choices])
        completions = [choice["token_ids"] for choice in choices]
        return [list(ids) for ids in prompts], completions, log_probs, log_prob_ids

    def probe(self, ids: Sequence[int], row: VideoRow) -> EngineReply:
        """Return what the server reads and says where it is asked this prompt.

        Raises:
            RarftError: it reads other ids than it was sent.
        """
        sampling = {"temperature": self.temperature, "max_tokens": N_PROBED, "logprobs": 0}
        (choice,) = self._answer(ids, row, {**sampling, "n": 1, "ignore_eos": True})
        (log_probs,), _ = parse_logprobs([choice["logprobs"]])
        return EngineReply(
            prompt_ids=list(ids),
            ids=choice["token_ids"],
            log_probs=[one[0] for one in log_probs],
        )

    def _answer(
        self, ids: Sequence[int], row: VideoRow | None, sampling: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        request: dict[str, Any] = {
            "model": self.vllm_client.model,
            "token_ids": list(ids),
            "sampling_params": {**sampling, "output_kind": _FINAL_ONLY},
            "return_token_ids": True,
        }
        if row is not None:
            at = request["token_ids"].index(self._video_token_id)
            request["features"] = {
                "mm_hashes": {"video": [row.key]},
                "mm_placeholders": {"video": [{"offset": at, "length": row.n_tokens}]},
                "kwargs_data": {"video": [encoded_video(self.processing_class, row)]},
            }
        answer = self._ask("inference/v1/generate", json=request)
        check_ids(ids, answer["prompt_token_ids"])
        choices: list[dict[str, Any]] = answer["choices"]
        if len(choices) != sampling["n"]:
            raise RarftError(
                f"got {len(choices)} replies from the vLLM server, expected {sampling['n']}; "
                "install the pinned vllm"
            )
        return choices

    def _ask(self, path: str, **content: Any) -> Any:
        response = self.vllm_client.session.post(f"{self.vllm_client.base_url}/{path}", **content)
        if not response.ok:
            raise RarftError(
                f"got status {response.status_code} from the vLLM server for /{path} "
                f"({' '.join(response.text.split())[:300]}); start it with "
                "VLLM_SERVER_DEV_MODE=1 and --enable-scale-out"
            )
        return response.json() if response.content else None

    def _sync_by_file(self) -> None:
        weights = {name: one.detach().clone() for name, one in self._iter_named_params()}
        if self.accelerator.is_main_process:
            with tempfile.TemporaryDirectory(prefix="rarft-weights-") as folder:
                save_file(weights, Path(folder) / "model.safetensors")
                request = {"method": "reload_weights", "kwargs": {"weights_path": folder}}
                self._ask("collective_rpc", json=request)

    def _sampling(self) -> dict[str, Any]:
        return {
            "repetition_penalty": self.repetition_penalty,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p or 0.0,
            "max_tokens": self.max_completion_length,
            "logprobs": self.logprobs,
            "stop_token_ids": self._end_tokens,
            **self.generation_kwargs,
        }


def _prompt_key(pair: tuple[Sequence[int], VideoRow | None]) -> tuple[tuple[int, ...], str]:
    ids, row = pair
    return tuple(ids), row.key if row is not None else ""


def encoded_video(processor: Any, row: VideoRow) -> str:
    """Return a video as vLLM's servers take one that is cut into patches already."""
    from vllm.entrypoints.scale_out.token_in_token_out.mm_serde import encode_mm_kwargs_item
    from vllm.multimodal.inputs import MultiModalFieldConfig, MultiModalKwargsItems

    fields = {
        "pixel_values_videos": raw_patches(processor, row),
        "video_grid_thw": row.grid,
        "second_per_grid_ts": torch.tensor([row.seconds_per_patch]),
    }
    batched = MultiModalFieldConfig.batched("video", keep_on_cpu=True)
    items = MultiModalKwargsItems.from_hf_inputs(
        fields,
        {
            "pixel_values_videos": MultiModalFieldConfig.flat_from_sizes(
                "video", row.grid.prod(dim=-1)
            ),
            "video_grid_thw": batched,
            "second_per_grid_ts": batched,
        },
    )
    return str(encode_mm_kwargs_item(items["video"][0]))

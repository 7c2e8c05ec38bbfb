"""The sentence encoder of the rewards, with whole weights on every process.

While DeepSpeed's ZeRO-3 is on, whatever transformers loads is cut into parts, one per process: the
encoder would be left with empty matrices, and would need a gathering for every batch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rarft.harness.judges.encoder import load_encoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_whole_encoder(encoder: str, *, device: str | None = None) -> SentenceTransformer:
    """Return the encoder that the harness would load, whatever ZeRO-3 does to other networks.

    Args:
        encoder: A name of `rarft.harness.judges.ENCODERS`, a Hub id or a folder.
        device: Such as "cpu"; None is the process's own GPU where there is one, else the CPU.

    Raises:
        UserError: it is not on this machine and cannot be downloaded, or is no encoder.
    """
    with outside_zero3():
        return load_encoder(encoder, device=device)


@contextmanager
def outside_zero3() -> Iterator[None]:
    """Let networks be loaded whole; ZeRO-3 is on again afterwards."""
    with _without_setting(), _without_patches():
        yield


@contextmanager
def _without_setting() -> Iterator[None]:
    """Hide the configuration in which `from_pretrained` sees that ZeRO-3 is on."""
    from transformers.integrations import deepspeed

    reference = deepspeed._hf_deepspeed_config_weak_ref
    # It is held here, since transformers keeps no more than a weak reference.
    config = None if reference is None else reference()
    if config is None:
        yield
        return
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed.set_hf_deepspeed_config(config)


@contextmanager
def _without_patches() -> Iterator[None]:
    """Take back what an open `deepspeed.zero.Init` patches in torch."""
    if "deepspeed" not in sys.modules:
        yield
        return
    from deepspeed.runtime.zero import partition_parameters

    partition_parameters.shutdown_init_context()
    try:
        yield
    finally:
        partition_parameters.restore_init_context()

"""Put a tiny model into this package: `python -m rarft.trainer.tiny.packaged MODEL FOLDER`.

MODEL is an exported base, or the `model` folder of a run of `rarft-train`; FOLDER, such as
`harness/models/tiny_rarft`, is then the checkpoint `package:tiny_rarft`. It holds half-precision
safetensors, configuration and processor, and the empty module that makes it part of the wheel.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from rarft.harness.errors import NotFoundError, RarftError, UserError
from rarft.harness.models.revision import checkpoint_folder
from rarft.trainer.tiny.network import PROCESSOR_FILES

MAX_BYTES: Final = 6 * 1000**2
"""Of one packaged model; two of them may take twice that."""
WEIGHTS: Final = "model.safetensors"
FILES: Final = ("config.json", "generation_config.json", *PROCESSOR_FILES)
_MODULE: Final = '"""A trained tiny Qwen2.5-VL: `{checkpoint}`; docs/tiny_proof.md says how."""\n'


def package_model(model: Path, folder: Path) -> int:
    """Write a model in half precision as a packaged checkpoint; return its size in bytes.

    Raises:
        UserError: a file is missing or damaged, a weight is not finite in half precision, the model
            is too large to be packaged, or the folder is there already.
    """
    missing = [name for name in (WEIGHTS, *FILES) if not (model / name).is_file()]
    if missing:
        raise NotFoundError(
            f"got {model} without {missing[0]}, expected a saved tiny model; name the folder of an "
            "exported base, or model/ of a run"
        )
    if folder.exists():
        raise UserError(f"got {folder}, which is there already, expected a new one; remove it")
    draft = folder.with_name(f".{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        _write_weights(model / WEIGHTS, draft / WEIGHTS)
        for name in FILES:
            shutil.copyfile(model / name, draft / name)
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        config["dtype"] = "float16"
        written = json.dumps(config, indent=2) + "\n"
        (draft / "config.json").write_text(written, encoding="utf-8")
        module = _MODULE.format(checkpoint=f"package:{folder.name}")
        (draft / "__init__.py").write_text(module, encoding="utf-8")
        n_bytes = sum(path.stat().st_size for path in draft.iterdir())
        if n_bytes > MAX_BYTES:
            raise UserError(
                f"got a model of {n_bytes:,} bytes, expected at most {MAX_BYTES:,}; package a "
                "smaller one"
            )
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return n_bytes


def _write_weights(source: Path, target: Path) -> None:
    try:
        weights = load_file(source)
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{source}: cannot be read ({reason}); save the model again") from error
    halved = {name: tensor.to(torch.float16).contiguous() for name, tensor in weights.items()}
    for name, tensor in halved.items():
        if not bool(torch.isfinite(tensor).all()):
            raise UserError(
                f"got {name} with values beyond half precision, expected finite ones; train on, "
                "or with a lower learning rate"
            )
    save_file(halved, target, metadata={"format": "pt"})
    # safetensors writes for the user alone, and a wheel keeps that.
    target.chmod(0o644)


def main() -> int:
    """Package a model; a user's mistake prints one line and returns 2."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path, help=f"such as {checkpoint_folder('package:tiny')}")
    args = parser.parse_args()
    try:
        package_model(args.model, args.folder)
    except RarftError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

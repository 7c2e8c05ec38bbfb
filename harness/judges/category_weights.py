"""The weights of the local categories judge, and their files: npz and JSON, never pickle."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rarft.harness.atomic_file import write_atomic
from rarft.harness.errors import NotFoundError, UserError
from rarft.harness.taxonomy import CATEGORIES

LABELS: Final = (*CATEGORIES, "none")
"""What a sentence may be about; the last is none of the categories, as an opening is."""

ARRAYS: Final = "weights.npz"
VOCABULARY: Final = "vocabulary.json"
SCHEMA_VERSION: Final = 1
MAX_BYTES: Final = 64 * 2**20
_UNREADABLE: Final = (
    EOFError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile, numpy and json raise at a file that is damaged or something else."""
PACKAGED: Final = Path(__file__).with_name("weights")


@dataclass(frozen=True, eq=False, kw_only=True)
class CategoryWeights:
    """A fitted classifier of sentences.

    `idf` has one weight an n-gram, `coefficients` the shape (n-grams, labels), `intercepts` one
    value a label. `source` says what it was fitted on.
    """

    name: str
    source: str
    n_texts: int
    ngrams: tuple[str, ...]
    idf: NDArray[np.float16]
    coefficients: NDArray[np.float16]
    intercepts: NDArray[np.float16]

    @cached_property
    def places(self) -> dict[str, int]:
        """Return the row of each n-gram."""
        return {ngram: place for place, ngram in enumerate(self.ngrams)}

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of all that decides an answer."""
        digest = hashlib.sha256(json.dumps([LABELS, self.ngrams]).encode())
        for array in (self.idf, self.coefficients, self.intercepts):
            digest.update(np.ascontiguousarray(array, dtype="<f2").tobytes())
        return digest.hexdigest()

    @property
    def identity(self) -> str:
        """Return the name and the beginning of the digest, as a judgement names its model."""
        return f"{self.name}@{self.digest[:12]}"


def load_weights(folder: Path | None = None) -> CategoryWeights:
    """Read weights from a folder, or the packaged ones.

    Raises:
        NotFoundError: one of the two files is not there.
        UserError: a file is damaged, or holds something else.
    """
    folder = PACKAGED if folder is None else folder
    for name in (ARRAYS, VOCABULARY):
        if not (folder / name).is_file():
            raise NotFoundError(
                f"got --category_weights {folder} without {name}, expected a folder that "
                "`rarft-eval fit-categories --output_path` has written; check the path"
            )
    try:
        return _weights(
            json.loads((folder / VOCABULARY).read_text(encoding="utf-8")), _arrays(folder / ARRAYS)
        )
    except _UNREADABLE as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"{folder}: got category weights that cannot be read ({reason}), expected the "
            f"{ARRAYS} and {VOCABULARY} of one `rarft-eval fit-categories`; fit them again"
        ) from error


def save_weights(weights: CategoryWeights, folder: Path) -> None:
    """Write weights into a folder; the same weights give the same bytes.

    Raises:
        UserError: the folder cannot be written.
    """
    content = io.BytesIO()
    # Not compressed: the bytes would depend on the version of zlib.
    np.savez(
        content,
        idf=weights.idf,
        coefficients=weights.coefficients,
        intercepts=weights.intercepts,
    )
    vocabulary = {
        "schema_version": SCHEMA_VERSION,
        "name": weights.name,
        "source": weights.source,
        "n_texts": weights.n_texts,
        "labels": LABELS,
        "ngrams": weights.ngrams,
    }
    text = json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":"))
    write_atomic(folder / ARRAYS, content.getvalue())
    write_atomic(folder / VOCABULARY, f"{text}\n".encode())


def _arrays(path: Path) -> dict[str, NDArray[np.float16]]:
    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(member.file_size for member in archive.infolist())
    if n_bytes > MAX_BYTES:
        raise ValueError(f"{ARRAYS} unpacks to {n_bytes} bytes, more than {MAX_BYTES}")
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in ("idf", "coefficients", "intercepts")}


def _weights(vocabulary: dict[str, Any], arrays: dict[str, NDArray[np.float16]]) -> CategoryWeights:
    if vocabulary["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema_version {vocabulary['schema_version']}, not {SCHEMA_VERSION}")
    if tuple(vocabulary["labels"]) != LABELS:
        raise ValueError("its labels are not the mismatch categories")
    ngrams = tuple(vocabulary["ngrams"])
    if len(set(ngrams)) != len(ngrams) or not all(isinstance(one, str) for one in ngrams):
        raise ValueError("its n-grams are not different texts")
    expected = {
        "idf": (len(ngrams),),
        "coefficients": (len(ngrams), len(LABELS)),
        "intercepts": (len(LABELS),),
    }
    for name, shape in expected.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float16:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not float16 {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds a value that is not finite")
    return CategoryWeights(
        name=str(vocabulary["name"]),
        source=str(vocabulary["source"]),
        n_texts=int(vocabulary["n_texts"]),
        ngrams=ngrams,
        **arrays,
    )

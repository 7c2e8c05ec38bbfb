"""Let a CUDA build of torchvision import beside a CPU build of torch.

`torchvision_repair.py` copies this file into a virtual environment, where a .pth line imports it in
every process. Such a torchvision cannot load its compiled operators and stops at the first schema
it misses, although its Python transforms, which video processors need, work without them. So the
schemas are declared just before torchvision runs. Every Python process pays for the imports at the
top: they are modules that the interpreter has loaded anyway.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# torch forgets a schema when the Library that declared it is collected.
_libraries: list[Any] = []


class TorchvisionFinder:
    """Find torchvision as usual, with a loader that declares its missing schemas first."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return torchvision's spec, and None for every other module."""
        if name != "torchvision":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = DeclaringLoader(spec.loader.name, spec.loader.path)
        return spec


class DeclaringLoader(SourceFileLoader):
    """Declare the missing schemas, then execute the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute torchvision's `__init__`."""
        declare_missing_schemas(self.path)
        super().exec_module(module)


def declare_missing_schemas(init_file: str) -> None:
    """Declare the operators with torch, unless torchvision's own library brings them."""
    import torch

    if torch.version.cuda is not None or _library_loads(init_file):
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in OPERATORS:
        if not hasattr(torch.ops.torchvision, operator):
            library.define(operator + SIGNATURE)
    _libraries.append(library)


def _library_loads(init_file: str) -> bool:
    from pathlib import Path

    import torch

    for path in Path(init_file).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(path)
        except OSError:
            continue
        return True
    return False


def install() -> None:
    """Put the finder before the others, once per process."""
    if TorchvisionFinder not in sys.meta_path:
        sys.meta_path.insert(0, TorchvisionFinder)

"""The repair of `make setup` declares schemas exactly where torchvision cannot bring its own."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGING = Path(__file__).resolve().parent.parent / "packaging"
SCRIPT = """
import sys
import torch
sys.path.insert(0, sys.argv[1])
import torchvision_schemas as repair

def declared():
    return [name for name in repair.OPERATORS if hasattr(torch.ops.torchvision, name)]

healthy, broken = sys.argv[2:]
torch.version.cuda = None
repair.declare_missing_schemas(healthy)
print("its library loads:", declared())
torch.version.cuda = "13.0"
repair.declare_missing_schemas(broken)
print("torch has CUDA:", declared())
torch.version.cuda = None
repair.declare_missing_schemas(broken)
repair.declare_missing_schemas(broken)
print("its library does not load:", declared())
print(torch.ops.torchvision.nms.default._schema)
"""


def package(folder: Path) -> Path:
    folder.mkdir()
    init_file = folder / "__init__.py"
    init_file.touch()
    return init_file


def test_schemas_are_declared_once_and_only_beside_a_library_that_does_not_load(
    tmp_path: Path,
) -> None:
    healthy, broken = package(tmp_path / "healthy"), package(tmp_path / "broken")
    loadable = importlib.util.find_spec("xxhash._xxhash")
    assert loadable is not None
    assert loadable.origin is not None
    shutil.copyfile(loadable.origin, healthy.with_name("_C.so"))
    broken.with_name("_C.so").write_bytes(b"not a library")

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, PACKAGING, healthy, broken],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "its library loads: []",
        "torch has CUDA: []",
        "its library does not load: ['nms', 'qnms']",
        "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ]


@pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)
def test_torchvision_imports_in_a_new_process() -> None:
    code = "import torchvision, torchvision.transforms.v2"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_looking_for_torchvision_does_not_import_torch() -> None:
    code = (
        "import sys, importlib.util as u; u.find_spec('torchvision'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "packaging" / "torch_index.py"


def printed(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    ).stdout.strip()


@pytest.mark.parametrize(
    ("requires_dist", "expected"),
    [
        (["filelock", "nvidia-cublas==13.1; platform_system == 'Linux'"], "True"),
        (["filelock", "cuda-bindings==13; platform_system == 'Linux'"], "True"),
        (["filelock", "sympy>=1.13.3"], "False"),
        ([], "False"),
    ],
)
def test_a_build_for_nvidia_gpus_is_known_by_what_it_requires(
    requires_dist: list[str], expected: str
) -> None:
    report = {"install": [{"metadata": {"requires_dist": requires_dist}}]}
    assert printed(f"import torch_index; print(torch_index.brings_cuda({report!r}))") == expected


def test_a_machine_with_a_gpu_keeps_pips_own_index(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    code = "import torch_index; print(torch_index.has_nvidia_gpu())"
    assert printed(code, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}") == "True"
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert printed(code, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}") == "False"

"""Print the index that torch comes from, or nothing for pip's own: `torch_index.py torch==X`.

On Linux the usual index holds torch's build for NVIDIA GPUs, gigabytes of CUDA with it. A machine
without such a GPU takes the build for the CPU instead, from PyTorch's own index. Where pip's own
index offers a build for the CPU already, nothing is printed.
"""

import json
import shutil
import subprocess
import sys
from typing import Any, Final

CPU_INDEX: Final = "https://download.pytorch.org/whl/cpu"


def has_nvidia_gpu() -> bool:
    """Return whether the NVIDIA driver finds a GPU."""
    tool = shutil.which("nvidia-smi")
    return (
        tool is not None
        and subprocess.run([tool], capture_output=True, check=False).returncode == 0
    )


def brings_cuda(report: dict[str, Any]) -> bool:
    """Return whether what pip would install needs NVIDIA's libraries.

    Example:
        >>> brings_cuda({"install": [{"metadata": {"requires_dist": ["nvidia-cublas==13"]}}]})
        True
        >>> brings_cuda({"install": [{"metadata": {"requires_dist": ["sympy>=1.13"]}}]})
        False
    """
    required = [
        requirement
        for item in report["install"]
        for requirement in item["metadata"].get("requires_dist", ())
    ]
    return any(name.startswith(("nvidia-", "cuda-")) for name in required)


def pip_report(requirement: str) -> dict[str, Any]:
    """Return what pip would install, from its metadata alone."""
    flags = ["--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    done = subprocess.run([*pip, *flags, requirement], capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def main() -> None:
    """Print the index."""
    if sys.platform == "linux" and not has_nvidia_gpu() and brings_cuda(pip_report(sys.argv[1])):
        print(CPU_INDEX)


if __name__ == "__main__":
    main()

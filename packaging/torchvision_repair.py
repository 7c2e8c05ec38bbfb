"""Write the torchvision repair into the virtual environment that runs this script.

Nothing is written where torchvision imports without it: on a GPU, on macOS, or where torch and
torchvision are both CPU builds. Run again, it first removes what it wrote.
"""

from __future__ import annotations

import py_compile
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

MODULE = "_rarft_torchvision_schemas"
SOURCE = Path(__file__).with_name("torchvision_schemas.py")


def write_repair(site_packages: Path) -> bool:
    """Make torchvision importable from `site_packages`; return whether a repair was needed."""
    module, hook = site_packages / f"{MODULE}.py", site_packages / f"{MODULE}.pth"
    for path in (module, hook):
        path.unlink(missing_ok=True)
    if torchvision_imports():
        return False
    shutil.copyfile(SOURCE, module)
    py_compile.compile(str(module))
    hook.write_text(f"import {MODULE}; {MODULE}.install()\n", encoding="utf-8")
    return True


def torchvision_imports() -> bool:
    """Try the import in a new process, where no failed attempt lingers."""
    command = [sys.executable, "-c", "import torchvision"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main() -> int:
    """Repair, verify and report in one line."""
    if sys.prefix == sys.base_prefix:
        sys.stderr.write(f"got {sys.prefix}, expected a virtual environment: run `make setup`\n")
        return 2
    repaired = write_repair(Path(sysconfig.get_path("purelib")))
    if not torchvision_imports():
        sys.stderr.write("torchvision does not import: reinstall it in the version of torch\n")
        return 1
    sys.stdout.write(f"torchvision: {'repaired for a CPU build of torch' if repaired else 'ok'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Import every module of the installed rarft; run it where the repository is not at hand."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path

# Their modules may be missing, as an environment without extras has none of them.
OPTIONAL = ("deepspeed", "openai", "peft", "trl", "vllm")


def check_imports() -> int:
    """Import every module and return their number.

    Raises:
        ImportError: a module does not import, for another reason than an extra left out.
    """
    import rarft

    def reraise(name: str) -> None:
        raise ImportError(f"{name} does not import") from sys.exception()

    names = [m.name for m in pkgutil.walk_packages(rarft.__path__, "rarft.", onerror=reraise)]
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in OPTIONAL:
                raise
            print(f"wheel: {name} needs the extra that brings {error.name}")
    return len(names)


def leaked_names() -> list[str]:
    """Return the subpackages that are importable without `rarft.` before their name."""
    import rarft

    packages = [path.parent.name for path in Path(rarft.__path__[0]).glob("*/__init__.py")]
    return [name for name in packages if importlib.util.find_spec(name)]


if __name__ == "__main__":
    if leaked := leaked_names():
        sys.exit(f"installed under a bare name: {', '.join(leaked)}")
    print(f"wheel: {check_imports()} modules import")

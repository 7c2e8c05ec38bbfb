"""What all HTML pages share: templates that escape what they are given, and one look."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATES: Final = Path(__file__).parent / "templates"


def page_environment(*folders: Path) -> Environment:
    """Return the environment of a page's templates: those of its own folders, then the shared."""
    return Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_style() -> Markup:
    """Return the style sheet of every page."""
    return Markup((TEMPLATES / "style.css.j2").read_text(encoding="utf-8"))

"""Write the README's results table from finished runs: `readme_results.py RUN_DIR ...`."""

import sys
from pathlib import Path

from rarft.harness.report import markdown_table, read_run
from rarft.harness.report.marked_page import with_part

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def main() -> None:
    """Replace what stands between the markers."""
    table = markdown_table([read_run(Path(name)).results for name in sys.argv[1:]])
    text = README.read_text(encoding="utf-8")
    written = with_part(text, f"\n{table.strip()}\n", begin=BEGIN, end=END)
    README.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Write the README's results table from finished runs: `readme_results.py RUN_DIR ...`."""

import sys
from pathlib import Path

from rarft.harness.report import markdown_table, read_run

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def main() -> None:
    """Replace what stands between the markers."""
    table = markdown_table([read_run(Path(name)).results for name in sys.argv[1:]])
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n{table.strip()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

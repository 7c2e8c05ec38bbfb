"""Tables and the report page, made from results.json and samples_<task>.jsonl alone."""

from rarft.harness.report.markdown import markdown_table
from rarft.harness.report.page import run_labels, write_page
from rarft.harness.report.runs import RunView, read_run
from rarft.harness.report.schema import Results, Sample, parse_results
from rarft.harness.report.tables import category_table, level_table, results_table

__all__ = [
    "Results",
    "RunView",
    "Sample",
    "category_table",
    "level_table",
    "markdown_table",
    "parse_results",
    "read_run",
    "results_table",
    "run_labels",
    "write_page",
]

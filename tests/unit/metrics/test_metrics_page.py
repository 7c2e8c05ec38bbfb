from pathlib import Path

from rarft.harness.metrics.index import index_table

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_index_of_the_page_is_what_the_table_of_metrics_says():
    page = PAGE.read_text(encoding="utf-8")
    index = page.partition("<!-- index: begin -->\n")[2].partition("<!-- index: end -->")[0]
    assert index == index_table(), "replace the index of docs/metrics.md by index_table()"

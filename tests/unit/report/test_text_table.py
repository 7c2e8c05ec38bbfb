import io

from rich.console import Console

from rarft.harness.report.text_table import text_table

LONG = "f1_irrelevant/Attribute/AttributeValue"


def printed(table, *, width):
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_numbers_stay_whole_where_names_fold():
    headings = ("figure", "A", "B", "A − B [95% interval]", "p", "p Holm", "MDE")
    row = (LONG, "41.2", "42.1", "+16.7 [+10.1, +22.2]*", "<0.001", "<0.001", "8.9")
    shown = printed(text_table(headings, [row]), width=80)
    for number in row[1:]:
        assert number in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_long_headings_fold_before_numbers_do():
    names = ("figure", "a-run-of-a-long-name/qwen2.5", "another-run-of-a-long-name", "the-third")
    shown = printed(text_table(names, [("mIoU", "1 a 91.7", "3 b 75.0", "1 a 90.0")]), width=60)
    assert "mIoU" in shown
    for number in ("1 a 91.7", "3 b 75.0", "1 a 90.0"):
        assert number in shown


def test_cells_are_no_markup():
    assert "[red]x" in printed(text_table(("a", "b"), [("[red]x", "1")]), width=40)

"""Files and values of another kind than asked for end in one line, not in a traceback."""

from pathlib import Path
from typing import Any

import pytest

from rarft.dataset_builder.annotate.rows import rows_to_annotate
from rarft.dataset_builder.build_checks import checks_of
from rarft.dataset_builder.building import Building
from rarft.dataset_builder.cli import main
from rarft.dataset_builder.config import BuildConfig, config_from_json
from rarft.dataset_builder.merge import merge_builds
from rarft.dataset_builder.output.row_index import index_rows
from rarft.dataset_builder.row_files import read_rows, write_rows
from rarft.dataset_builder.shuffle_topics import read_sentences
from rarft.dataset_builder.verify.labelled import read_labelled
from rarft.harness.errors import UserError

NO_TEXT = b"PAR1\xff\xfe\x00\n\xc3(\n"


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "candidates.jsonl"
    path.write_bytes(NO_TEXT)
    write_rows(tmp_path / "rows.jsonl", [])
    for read in (read_rows, read_labelled, read_sentences, rows_to_annotate):
        with pytest.raises(UserError, match=r"candidates\.jsonl") as caught:
            list(read(path))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["[1, 2]", "5", '{"id": "a"}', '{"id": "a", "video": 7, "text": "b", "record": "a"}'],
)
def test_a_line_that_is_no_row_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{content}\n")
    for read in (read_rows, lambda file: [index_rows(file)]):
        with pytest.raises(UserError, match=r"rows\.jsonl:1 that is no row") as caught:
            list(read(path))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [
        ("shuffle", "rows.jsonl", "--output_path", "rows.jsonl"),
        ("normalise", "--source", "charades_sta", "--path", "sta.txt", "--output_path", "sta.txt"),
    ],
)
def test_a_file_where_a_folder_is_to_be_written_is_named(
    tmp_path: Path,
    make_rows: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", make_rows())
    (tmp_path / "sta.txt").write_text("A 1.0 2.0##a person sits\n")
    assert main(command) == 2
    said = capsys.readouterr().err
    assert command[-1] in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"videos": 5}, "got videos: 5"),
        ({"levels": ["strong", 2]}, "got levels"),
        ({"paraphrase": "perhaps"}, "got paraphrase: 'perhaps'"),
    ],
)
def test_a_config_value_of_another_kind_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        config_from_json({"rows": "rows.jsonl", **values})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ({"nli_threshold": "high"}, r"got checks\.nli_threshold: 'high'"),
        ({"encoder": 5}, r"got checks\.encoder: 5"),
        ({"llm": {"model": 5}}, r"got checks\.llm"),
        ({"rules": {"span_slack_s": "1 s"}}, r"got checks\.rules\.span_slack_s"),
        ({"directory": "elsewhere"}, "got 'directory' in checks"),
    ],
)
def test_a_check_of_another_kind_is_named(checks: dict[str, Any], said: str) -> None:
    config = BuildConfig(rows="rows.jsonl", checks=checks)
    with pytest.raises(UserError, match=said) as caught:
        checks_of(Building(directory=Path(), config=config))
    assert "\n" not in str(caught.value)


def test_a_merge_does_not_replace_a_build_whose_record_is_damaged(
    tmp_path: Path, make_rows: Any
) -> None:
    one, out = tmp_path / "one", tmp_path / "out"
    for folder in (one, out):
        folder.mkdir()
        write_rows(folder / "accepted.jsonl", make_rows())
    (out / "build.json").write_text("{")
    with pytest.raises(UserError, match=r"build\.json: got a record that cannot be read"):
        merge_builds([one], out)

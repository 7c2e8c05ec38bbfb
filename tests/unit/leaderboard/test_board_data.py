"""Every data file of a built site: its form, what it shows, and what it keeps to itself."""

import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rarft.harness.errors import UserError
from rarft.harness.run import run
from rarft.harness.run_config import RunConfig
from rarft.leaderboard.commands.build import build_command
from rarft.leaderboard.commands.compare import compare_command
from rarft.leaderboard.commands.rank import rank_command
from rarft.leaderboard.entries import submit
from rarft.leaderboard.site_data.build_site import build_site, entry_folders
from rarft.leaderboard.site_data.chunks import CHUNK
from rarft.leaderboard.site_data.record_models import FILES, SCHEMAS, schema_text
from rarft.leaderboard.site_data.verified_rows import may_show_texts
from rarft.leaderboard.types import AboutEntry

GOLDEN = Path(__file__).parents[2] / "golden" / "leaderboard"
METADATA = {"n_queries": 60, "render": False}
EXAMPLES = {
    "board_small": "board",
    "slices_synth_hi": "slices",
    "entry_tiny-rarft": "entry",
    "entry_floor-blind": "entry",
    "entry_paper": "entry",
    "samples_tiny-base": "samples",
    "samples_tiny-rarft": "samples",
    "samples_floor-blind": "samples",
    "queries_synth_hi": "queries",
    "compare_small": "compare",
}
HOSTILE = '</script><script>alert(1)</script>&\u2028"'


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """Two entries: one that knows the answers, and one that guesses."""
    root = tmp_path_factory.mktemp("entries")
    for model, name in (("oracle", HOSTILE.replace("\u2028", "")), ("random", "guesses")):
        config = RunConfig(
            model=model, tasks=("synth_hi",), metadata=METADATA, n_resamples=50, batch_size=8
        )
        run(config, root / "runs" / model)
        submit(root / "runs" / model, root / "held" / model, about=AboutEntry(name=name))
    return root / "held"


@pytest.fixture(scope="module")
def site(entries, tmp_path_factory):
    output = tmp_path_factory.mktemp("built") / "site"
    build_site(entry_folders(entries), output, metadata=METADATA, n_resamples=200)
    return output


def read(site, place):
    return json.loads((site / "data" / f"{place}.json").read_text(encoding="utf-8"))


def files_of(site):
    return sorted((site / "data").rglob("*.json"))


def kind_of(site, path):
    folder = path.relative_to(site / "data").parts[0].removesuffix(".json")
    return {"entries": "entry"}.get(folder, folder)


@pytest.mark.parametrize("name", FILES)
def test_the_schemas_are_those_of_the_records(name):
    assert (SCHEMAS / f"{name}.json").read_text(encoding="utf-8") == schema_text(name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_have_the_documented_form(name):
    FILES[EXAMPLES[name]].model_validate_json((GOLDEN / f"{name}.json").read_bytes())


def test_every_file_of_a_built_site_has_the_documented_form(site):
    paths = files_of(site)

    assert {kind_of(site, path) for path in paths} == set(FILES)
    for path in paths:
        FILES[kind_of(site, path)].model_validate_json(path.read_bytes())


def test_a_script_holds_the_json_beside_it_under_its_key(site):
    for path in files_of(site):
        text = path.read_text(encoding="utf-8")
        script = path.with_suffix(".js").read_text(encoding="utf-8")
        assert script.startswith('rarft.receive("')
        assert script.endswith(f",{text.rstrip()});\n"), path


@pytest.mark.parametrize("sign", ["<", ">", "&", "\u2028", "\u2029"])
def test_no_sign_that_could_end_a_script_is_written(site, sign):
    for path in files_of(site):
        assert sign not in path.with_suffix(".js").read_text(encoding="utf-8"), path


def test_hostile_names_come_back_as_they_were_given(site):
    named = {row["id"]: row["name"] for row in read(site, "board")["entries"]}

    assert named["oracle"] == HOSTILE.replace("\u2028", "")


def test_the_board_has_entries_floors_blind_and_the_paper(site):
    kinds = [row["kind"] for row in read(site, "board")["entries"]]

    assert kinds.count("entry") == 2
    assert kinds.count("floor") == 2
    assert kinds.count("blind") == 1
    assert kinds.count("paper") > 10


def test_the_better_entry_ranks_first_and_floors_rank_beside_it(site):
    figures = {
        row["id"]: row["tasks"]["synth_hi"]["figures"]["f1_avg"]
        for row in read(site, "board")["entries"]
        if "synth_hi" in row["tasks"]
    }

    assert figures["oracle"] == [100.0, 100.0, 100.0, 1, 1, 1]
    assert figures["random"][3] == 2
    assert figures["random"][6] == 32
    assert figures["floor-always_ground"][:4] == [33.3, 33.3, 33.3, 3]


def test_no_figure_of_the_paper_is_ranked_and_doubtful_ones_are_marked(site):
    board = read(site, "board")
    rows = [row for row in board["entries"] if row["kind"] == "paper"]
    figures = [f for row in rows for own in row["tasks"].values() for f in own["figures"].values()]

    assert all(figure[1:6] == [None] * 5 for figure in figures)
    assert all(figure[6] & 2 for figure in figures)
    assert any(figure[6] & 1 for figure in figures)
    assert all(0 <= figure[7] < len(board["notes"]) for figure in figures if len(figure) > 7)


def test_a_group_is_the_mean_over_its_tasks(site):
    board = read(site, "board")
    group = next(task for task in board["tasks"] if task["name"] == "mean-hi")
    row = next(row for row in board["entries"] if row["id"] == "paper-time_r1-ra_rft")
    entry = read(site, "entries/paper-time_r1-ra_rft")
    own = [entry["tasks"][name]["figures"]["f1_avg"]["value"] for name in group["members"]]

    assert group["pattern"] == "hi_*"
    assert len(own) == 3
    assert row["tasks"]["mean-hi"]["figures"]["f1_avg"][0] == round(100 * sum(own) / 3, 1)
    assert not any(r["kind"] == "entry" and "mean-hi" in r["tasks"] for r in board["entries"])


def test_the_blind_restricted_figure_of_the_blind_classifier_is_zero(site):
    rows = {row["id"]: row for row in read(site, "board")["entries"]}

    def figure(row):
        return rows[row]["tasks"]["synth_hi"]["figures"]["f1_avg_blind_wrong"][0]

    assert figure("floor-blind") == 0.0
    assert figure("oracle") == 100.0


def test_slices_hold_levels_and_categories_of_ranked_rows(site):
    slices = read(site, "slices/synth_hi")

    assert slices["levels"] == ["original", "strong", "moderate", "weak"]
    assert slices["entries"]["oracle"]["levels"]["strong"]["f1_irrelevant"][:1] == [100.0]
    assert "Scene/SceneExistence" in slices["entries"]["random"]["categories"]


def test_a_comparison_says_what_differs_where_and_on_which_queries(site):
    task = read(site, "compare/oracle..random")["tasks"]["synth_hi"]
    queries = read(site, "queries/synth_hi.0")["queries"]
    told = {
        name: read(site, f"samples/{name}/synth_hi.0")["samples"] for name in ("oracle", "random")
    }

    assert task["n_paired"] == 60
    assert task["figures"]["f1_avg"]["low"] > 0
    assert task["figures"]["f1_avg"]["p_holm"] < 0.05
    assert "f1_irrelevant/strong" in task["figures"]
    assert len(task["only_a_right"]) == task["mcnemar"]["b"] > 0
    assert task["only_b_right"] == []
    for place in task["only_a_right"]:
        right = "grounded" if queries[place]["relevant"] else "refused"
        assert told["oracle"][place]["kind"] == right != told["random"][place]["kind"]
        assert told["oracle"][place]["query_id"] == queries[place]["query_id"]


def test_comparisons_exist_for_every_pair_that_the_board_promises(site):
    board = read(site, "board")
    ids = sorted(row["id"] for row in board["entries"] if row["kind"] != "paper")

    assert board["compare"] == {"all": True}
    for one in ids:
        assert read(site, f"entries/{one}")["compared"] == [name for name in ids if name != one]
        for other in ids[ids.index(one) + 1 :]:
            assert (site / f"data/compare/{one}..{other}.js").is_file()


def test_the_entry_page_has_provenance_and_the_verifiers_report(site):
    entry = read(site, "entries/oracle")

    assert entry["tier"] == "partial"
    assert {"passed", "lacking"} <= {check["outcome"] for check in entry["verification"]["checks"]}
    assert read(site, "entries/random")["tier"] == "recomputed"
    assert entry["provenance"]["judges"]["relevance"]["judge"] == "rule"
    assert entry["tasks"]["synth_hi"]["counts"]["n_queries"] == 60
    assert entry["tasks"]["synth_hi"]["risk_coverage"][0][1] <= 0.5
    assert entry["tasks"]["synth_hi"]["figures"]["ra_miou"]["value"] == 1.0
    assert read(site, "entries/paper-time_r1")["tier"] == "reported"


def test_texts_of_a_task_of_our_own_are_shown(site):
    query = read(site, "queries/synth_hi.0")["queries"][1]

    assert query["text"]
    assert query["refusal"]
    assert query["relevant_query"]


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        ({"licence": "CC0-1.0"}, True),
        ({"licence": "Apache-2.0", "repository": "JINSUBY/RA-RFT"}, False),
        ({"licence": "CC-BY-NC-4.0"}, False),
        ({"licence": "Apache-2.0, and the licences of its sources"}, False),
        ({}, False),
    ],
)
def test_texts_are_shown_only_where_the_licence_covers_them(metadata, shown):
    assert may_show_texts(metadata) is shown


def test_a_build_of_the_same_entries_gives_the_same_files(entries, site, tmp_path):
    build_site(entry_folders(entries), tmp_path / "site", metadata=METADATA, n_resamples=200)

    for path in files_of(site):
        again = tmp_path / "site" / path.relative_to(site)
        assert again.read_bytes() == path.read_bytes(), path


def test_queries_are_cut_into_chunks_of_500():
    assert CHUNK == 500


def test_a_folder_of_other_things_is_not_overwritten(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")

    with pytest.raises(UserError, match="holds other files"):
        build_site([], tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_two_entries_of_one_name_are_told(entries, tmp_path):
    shutil.copytree(entries / "oracle", tmp_path / "other" / "oracle")

    with pytest.raises(UserError, match="two entries named oracle"):
        build_site(
            [entries / "oracle", tmp_path / "other" / "oracle"],
            tmp_path / "site",
            metadata=METADATA,
        )


def test_a_site_without_entries_shows_the_paper(tmp_path):
    build_site([], tmp_path / "site")

    kinds = {row["kind"] for row in read(tmp_path / "site", "board")["entries"]}
    assert kinds == {"paper", "floor"}


def told(command, *arguments):
    """Run a command; return its exit code with its output, or the mistake that it names."""
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(result.exception, UserError):
        return str(result.exception)
    assert result.exception is None, result.output
    return result.stdout


def test_rank_prints_the_rows_in_the_order_of_their_figure(entries, tmp_path):
    path = tmp_path / "ranks.json"
    printed = told(
        *(rank_command, entries, "--metadata", json.dumps(METADATA)),
        *("--n_resamples", 100, "--by", "f1_irrelevant/strong", "--json", path),
    )

    assert printed.index("script") < printed.index("guesses")
    FILES["board"].model_validate_json(path.read_bytes())


def test_a_figure_that_no_row_has_on_the_task_is_told(entries):
    asked = (rank_command, entries, "--metadata", json.dumps(METADATA), "--n_resamples", 20)

    message = told(*asked, "--task", "hi_charades", "--paper", "--by", "auroc")

    assert message.startswith("got --by auroc, which no row has on hi_charades, expected")


def test_compare_prints_every_figure_and_writes_the_queries(entries, tmp_path):
    path = tmp_path / "compare.json"
    printed = told(
        *(compare_command, entries / "oracle", entries / "random"),
        *("--metadata", json.dumps(METADATA), "--n_resamples", 100, "--json", path),
    )

    assert "60 queries of 30 videos" in printed
    assert "McNemar" in printed
    FILES["compare"].model_validate_json(path.read_bytes())


def test_build_says_what_it_wrote(entries, tmp_path):
    printed = told(
        *(build_command, "--entries", entries, "--output", tmp_path / "site", "--shown", 0),
        *("--metadata", json.dumps(METADATA), "--n_resamples", 50, "--no_paper"),
    )

    assert printed.strip().endswith("site/index.html: 2 entries, 0 rows of the paper")
    assert not (tmp_path / "site/data/samples").exists()


def test_a_refused_entry_stops_the_build_unless_it_is_left_out(entries, tmp_path):
    held = shutil.copytree(entries, tmp_path / "held")
    (held / "random" / "results.json").write_text("{}")
    asked = ("--entries", held, "--output", tmp_path / "site", "--metadata", json.dumps(METADATA))

    assert "results.json" in told(build_command, *asked)
    assert "1 entries" in told(build_command, *asked, "--skip_refused", "--n_resamples", 50)


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        (build_command, ["--entries", "nowhere", "--output", "site"], "which is no folder"),
        (build_command, ["--output", "site", "--shown", "-1"], "expected a number from 0"),
        (build_command, ["--output", "site", "--n_resamples", "0"], "a number above 0"),
        (rank_command, ["nowhere"], "which is no folder"),
        (compare_command, ["a", "a"], "twice, expected two entries"),
    ],
)
def test_a_mistake_is_told_in_one_line(command, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    message = told(command, *arguments)

    assert said in message
    assert "\n" not in message

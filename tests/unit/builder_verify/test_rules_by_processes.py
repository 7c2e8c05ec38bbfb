from rarft.dataset_builder.verify import Checks, VideoQueries, verify

TEXTS = ("A person puts a red cup on the table.", "A person opens the door of the kitchen.")
EDITS = (("cup", "hat"), ("cup", "mug"), ("red", "blue"), ("door", "window"), ("opens", "paints"))


def test_verdicts_are_the_same_for_any_number_of_processes(row, candidate) -> None:
    rows = [row(TEXTS[at % 2], id=f"q{at}", video=f"v{at // 2}.mp4") for at in range(100)]
    made = [
        candidate(one.query.text.replace(*edit), query_id=one.query.id, id=f"{one.query.id}/{at}")
        for one in rows
        for at, edit in enumerate(EDITS)
    ]
    queries = VideoQueries(rows)
    alone, both = (
        list(verify(made, rows=queries, checks=Checks(n_processes=n_processes)))
        for n_processes in (1, 2)
    )
    assert alone == both
    assert [verdict.candidate_id for verdict in both] == [one.id for one in made]
    assert {f.reason for verdict in both for f in verdict.findings} > {"unchanged", "paraphrase"}


def test_the_queries_of_a_video_come_in_the_order_of_the_rows(row) -> None:
    rows = [row(text, id=f"q{at}", video=f"v{at % 2}.mp4") for at, text in enumerate(TEXTS * 2)]
    queries = VideoQueries(iter(rows))
    assert [query.id for query in queries.of_video("v1.mp4")] == ["q1", "q3"]
    assert [query.id for query in queries.others("q1")] == ["q3"]
    assert list(queries.videos()) == ["v0.mp4", "v1.mp4"]
    assert "q3" in queries
    assert "v1.mp4" not in queries
    assert queries.of_video("q1") == ()

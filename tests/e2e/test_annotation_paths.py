"""An annotation comes from elsewhere: what it names lies under the video folders, or nowhere."""

import json
from pathlib import Path

from rarft.harness.cli import main


def test_an_annotation_cannot_name_a_file_outside_the_video_folders(
    outside: Path, tmp_path: Path
) -> None:
    videos, elsewhere = tmp_path / "videos", tmp_path / "elsewhere"
    elsewhere.mkdir()
    secret = elsewhere / "secret.mp4"
    secret.write_bytes((videos / "v0.mp4").read_bytes())
    (videos / "link").symlink_to(videos / "deeper", target_is_directory=True)
    path = outside / "outside.json"
    records = json.loads(path.read_text())
    names = [
        "../../etc/passwd",
        "/etc/passwd",
        str(secret),
        f"link/../../{elsewhere.name}/secret.mp4",
        "..\\elsewhere\\secret.mp4",
    ]
    records = [{**records[0], "video": name} for name in names]
    path.write_text(json.dumps(records))
    out = tmp_path / "run"
    run = ["--model", "outside_model", "--tasks", "outside", "--n_resamples", "10"]
    main([*run, "--include_path", str(outside), "--output_path", str(out)])
    rows = [json.loads(line) for line in (out / "responses.jsonl").read_text().splitlines()]
    assert len(rows) == 2 * len(names)
    assert all("got no such video" in row["failure"] for row in rows)

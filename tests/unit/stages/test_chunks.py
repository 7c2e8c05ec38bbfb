"""How requests are cut into the pieces that workers take."""

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rarft.harness.models.base import Request, VideoFile
from rarft.harness.stages.chunks import MAX_BATCHES, by_video, cut_chunks
from rarft.harness.types import Query


def request(number: int, video: str | None) -> Request:
    query = Query(id=str(number), task="t", video="v", text="q", relevant=True, record="0")
    file = VideoFile(path=Path(f"{video}.mp4"), sha256=video) if video else None
    return Request(key=str(number), query=query, prompt="q", video=file)


def videos_of(requests: tuple[Request, ...]) -> set[str]:
    return {one.video.sha256 for one in requests if one.video}


@given(
    videos=st.lists(st.sampled_from([None, *"abcdefgh"]), max_size=60),
    batch_size=st.integers(1, 7),
    costs=st.dictionaries(st.sampled_from("abcdefgh"), st.floats(1, 1e6)),
)
def test_every_request_is_in_one_batch_of_one_chunk(
    videos: list[str | None], batch_size: int, costs: dict[str, float]
) -> None:
    requests = [request(number, video) for number, video in enumerate(videos)]

    def cost_of(one: Request) -> float:
        return costs.get(one.video.sha256, 1.0) if one.video else 1.0

    chunks = cut_chunks(requests, batch_size=batch_size, cost_of=cost_of)
    keys = Counter(one.key for chunk in chunks for one in chunk.requests)
    assert keys == Counter(one.key for one in requests)
    assert all(0 < len(batch) <= batch_size for chunk in chunks for batch in chunk.batches)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.cost for chunk in chunks] == sorted((c.cost for c in chunks), reverse=True)


def test_requests_of_one_video_follow_each_other_and_stay_in_one_chunk() -> None:
    scattered = [request(number, "abcdef"[number % 6]) for number in range(24)]
    assert [one.video.sha256 for one in by_video(scattered) if one.video] == sorted("abcdef" * 4)
    chunks = cut_chunks(scattered, batch_size=2)
    assert len(chunks) == 6
    assert all(len(videos_of(chunk.requests)) == 1 for chunk in chunks)


def test_chunks_are_equal_in_cost_and_not_in_count() -> None:
    # Ten long videos and ninety short ones: 20 requests each, a long one ten times as costly.
    requests = [request(number, f"v{number // 20}") for number in range(2000)]

    def cost_of(one: Request) -> float:
        return 10.0 if one.video and int(one.video.sha256[1:]) < 10 else 1.0

    chunks = cut_chunks(requests, batch_size=1, cost_of=cost_of)
    usual = sum(chunk.cost for chunk in chunks) / len(chunks)
    assert max(chunk.cost for chunk in chunks) <= 4 * usual
    counts = {len(chunk.requests) for chunk in chunks}
    assert max(counts) >= 3 * min(counts)


def test_a_video_with_far_too_many_requests_is_shared() -> None:
    requests = [request(number, "long" if number < 900 else f"v{number}") for number in range(1000)]
    chunks = cut_chunks(requests, batch_size=1)
    assert sum("long" in videos_of(chunk.requests) for chunk in chunks) > 8


def test_a_chunk_of_a_large_run_has_many_batches_but_not_too_many() -> None:
    requests = [request(number, f"v{number // 3}") for number in range(34_000)]
    chunks = cut_chunks(requests, batch_size=4)
    assert 400 <= len(chunks) <= 600
    assert max(len(chunk.batches) for chunk in chunks) <= MAX_BATCHES + 3
    # A video is decoded by two workers only where no batch ends with one.
    seen = Counter(video for chunk in chunks for video in videos_of(chunk.requests))
    assert sum(count > 1 for count in seen.values()) <= len(chunks) / 10

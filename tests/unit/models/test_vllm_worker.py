"""The worker's part, on stand-ins of vLLM's own model and features."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rarft.harness.models.vllm_worker import PositionsWatch, ids_digest, trained_positions

MERGE, PER_SECOND = 2, 2
N_TIMES = 40


def feature(seconds, *, offset=3, n_times=N_TIMES, modality="video"):
    grid = torch.tensor([n_times, 2, 4])
    return SimpleNamespace(
        modality=modality,
        mm_position=SimpleNamespace(offset=offset),
        data={
            "video_grid_thw": SimpleNamespace(data=grid),
            "second_per_grid_ts": SimpleNamespace(data=torch.tensor(seconds)),
        },
    )


def double_precision(n_tokens, one):
    """The same places, multiplied as vLLM does it."""
    seconds = one.data["second_per_grid_ts"].data.item()
    offset, n_times = one.mm_position.offset, int(one.data["video_grid_thw"].data[0])
    grid = np.indices((n_times, 1, 2))
    grid[0] = (grid[0] * (seconds * PER_SECOND)).astype(np.int64)
    head = np.broadcast_to(np.arange(offset), (3, offset))
    video = grid.reshape(3, -1) + offset
    start, n_tail = video.max() + 1, n_tokens - offset - video.shape[1]
    tail = np.broadcast_to(np.arange(n_tail), (3, n_tail)) + start
    positions = np.concatenate([head, video, tail], axis=1)
    return torch.from_numpy(positions), int(positions.max()) + 1 - n_tokens


class StandIn:
    config = SimpleNamespace(
        vision_config=SimpleNamespace(spatial_merge_size=MERGE, tokens_per_second=PER_SECOND)
    )

    def get_mrope_input_positions(self, input_tokens, mm_features):
        videos = [one for one in mm_features if one.modality == "video"]
        if not videos:
            return torch.arange(len(input_tokens)).expand(3, -1), 0
        return double_precision(len(input_tokens), videos[0])


N_TOKENS = 3 + N_TIMES * 2 + 4
IDS = list(range(N_TOKENS))


def positions_of(seconds):
    return trained_positions(
        N_TOKENS, [feature(seconds)], merge_size=MERGE, positions_per_second=PER_SECOND
    )


def test_patches_lie_at_their_seconds_times_the_positions_per_second():
    positions, ahead = positions_of(2.0)

    assert positions[0, 3 : 3 + 8].tolist() == [3, 3, 7, 7, 11, 11, 15, 15]
    assert positions[2, 3 : 3 + 4].tolist() == [3, 4, 3, 4]
    assert positions[0, -4:].tolist() == [160, 161, 162, 163]
    assert ahead == 164 - N_TOKENS


# 36 frames of 558 at 30 fps: 15 patches cover a whole number of positions but for rounding.
ON_THE_EDGE_S = 2 / (36 / 558 * 30)


def test_double_precision_puts_some_patches_one_position_off():
    trained, _ = positions_of(ON_THE_EDGE_S)
    doubled, _ = double_precision(N_TOKENS, feature(ON_THE_EDGE_S))

    assert (trained - doubled).abs().max() == 1


@pytest.mark.parametrize("mends", [True, False])
def test_positions_are_mended_only_where_asked_for_and_counted_either_way(mends):
    watch = PositionsWatch(StandIn(), mends=mends)

    edge, _ = watch.positions(IDS, [feature(ON_THE_EDGE_S)])
    plain, _ = watch.positions(IDS, [feature(2.0)])

    assert torch.equal(edge.long(), positions_of(ON_THE_EDGE_S)[0]) == mends
    assert torch.equal(plain.long(), positions_of(2.0)[0])
    assert (watch.n_prompts, watch.n_different) == (2, 1)


def test_what_is_kept_is_what_the_model_gets_and_is_handed_out_once():
    watch = PositionsWatch(StandIn(), mends=True)
    used, _ = watch.positions(IDS, [feature(ON_THE_EDGE_S)])
    again, _ = watch.positions(IDS, [feature(2.0)])

    taken = watch.take([ids_digest(IDS), ids_digest([1])])

    assert taken == [[used.tolist(), again.tolist()], []]
    assert watch.take([ids_digest(IDS)]) == [[]]
    watch.positions(IDS, [feature(2.0)])
    assert watch.take([ids_digest(IDS)]) == [[]]


def test_prompts_without_a_video_are_left_to_vllm():
    watch = PositionsWatch(StandIn(), mends=True)

    positions, ahead = watch.positions(IDS, [])

    assert (positions.shape, ahead, watch.n_prompts) == ((3, N_TOKENS), 0, 0)

from dataclasses import replace

import pytest

from rarft.harness.models.parity import Observed, Parity, compare, parity_table


def observed(
    name: str = "q1",
    *,
    ids: tuple[int, ...] = (1, 2),
    first: float = -0.5,
    token_ids: tuple[int, ...] = (7, 8),
) -> Observed:
    return Observed(
        name=name,
        n_prompt_tokens=len(ids),
        ids=ids,
        first_logprobs={7: first, 8: -3.0},
        first_token=token_ids[0],
        text=" ".join(map(str, token_ids)),
    )


def test_each_kind_of_difference_is_counted_by_itself() -> None:
    reference = [observed("same"), observed("ids"), observed("text"), observed("logprob")]
    other = [
        observed("same"),
        observed("ids", ids=(1, 2, 2)),
        observed("text", token_ids=(7, 9)),
        observed("logprob", first=-0.75),
    ]

    parity = compare("m", "b", reference, other)

    assert (parity.n_prompts, parity.n_equal_ids, parity.n_equal_texts) == (4, 3, 3)
    assert (parity.n_equal_counts, parity.n_equal_first_tokens) == (3, 4)
    assert not parity.is_equal
    assert parity.max_logprob_difference == 0.25
    assert parity.different_texts == (("text", 2),)
    assert parity.least_video_difference is None


def test_the_least_change_with_the_video_is_given() -> None:
    reference = [observed("a", first=-1.0), observed("b", first=-1.0)]
    elsewhere = [observed("a", first=-3.0), observed("b", first=-1.5)]

    parity = compare("m", "b", reference, reference, other_videos=elsewhere)

    assert parity.least_video_difference == 0.5
    assert parity.is_equal


@pytest.mark.parametrize("other", [[], [observed("another")]])
def test_other_prompts_cannot_be_compared(other: list[Observed]) -> None:
    with pytest.raises(ValueError, match="expected the same ones"):
        compare("m", "b", [observed()], other)


def test_no_token_in_common_is_an_error_and_not_a_difference_of_nought() -> None:
    strange = replace(observed(), first_logprobs={9: -1.0})

    with pytest.raises(ValueError, match="no first token in common"):
        compare("m", "b", [observed()], [strange])


def test_a_backend_that_tells_less_is_compared_in_what_it_tells() -> None:
    silent = Observed(name="q1", n_prompt_tokens=2, text="7 8")

    parity = compare("m", "bridge", [observed()], [silent])

    assert parity.is_equal
    assert (parity.n_equal_ids, parity.max_logprob_difference) == (None, None)
    assert parity_table([parity]).splitlines()[2] == (
        "| m | bridge | 1 | 1 of 1 | not told | not told | not told | 1 of 1 | not asked |"
    )


def test_another_number_of_tokens_is_not_equal() -> None:
    longer = Observed(name="q1", n_prompt_tokens=3, text="7 8")

    assert not compare("m", "bridge", [observed()], [longer]).is_equal


def test_the_table_has_a_row_for_each_backend_and_lists_what_differs() -> None:
    row = Parity(
        model="m",
        backend="vllm",
        n_prompts=40,
        n_equal_counts=40,
        n_equal_ids=40,
        max_logprob_difference=1.24e-6,
        n_equal_first_tokens=40,
        n_equal_texts=39,
        different_texts=(("00012-1", 17),),
        least_video_difference=0.79,
    )

    lines = parity_table([row]).splitlines()

    assert lines[2] == (
        "| m | vllm | 40 | 40 of 40 | 40 of 40 | 1.2e-06 | 40 of 40 | 39 of 40 | 0.79 |"
    )
    assert lines[4] == "- m, vllm, query 00012-1: the first 17 letters are equal"

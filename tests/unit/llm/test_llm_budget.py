"""A budget is never exceeded, ends the run cleanly, and can be raised."""

import pytest

from rarft.harness.errors import UserError
from rarft.harness.llm.budget import Ledger
from rarft.harness.llm.prices import Price, Prices
from rarft.harness.llm.settings import LLMSettings


def test_a_budget_of_0_sends_nothing_and_still_hands_on_what_is_stored(judge, ask, questions):
    ask(questions(3))
    judge.set()
    done = ask(questions(8), budget_usd=0)
    assert set(done.answers) == {0, 1, 2}
    assert done.spending.stopped == "budget"
    assert judge.counts()["n_calls"] == 0


def test_a_budget_of_0_needs_no_key(ask, questions, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert ask(questions(1), budget_usd=0, base_url=None).spending.stopped == "budget"


def test_a_used_up_budget_stops_cleanly_and_a_later_run_resumes(judge, ask, questions):
    whole = ask(questions(200), is_cached=False).spending.usd
    judge.set()
    part = ask(questions(200), budget_usd=whole / 2, n_concurrent=16)
    assert part.spending.stopped == "budget"
    assert part.spending.usd <= whole / 2
    assert part.spending.n_failed == 0
    assert 60 <= len(part.answers) <= 100
    rest = ask(questions(200), budget_usd=whole)
    assert rest.spending.stopped == ""
    assert rest.spending.n_cached == len(part.answers)
    assert set(rest.answers) == set(range(200))
    assert judge.counts()["n_calls"] == 200


def test_a_budget_that_is_enough_does_not_stop(judge, ask, questions):
    assert ask(questions(20), budget_usd=1).spending.stopped == ""


def test_repeated_calls_are_paid_from_the_budget(judge, ask, questions):
    judge.set(faults="wrong_schema=1")
    done = ask(questions(500), budget_usd=0.002, n_concurrent=8)
    assert done.spending.stopped == "budget"
    assert 0.001 < done.spending.usd <= 0.002


def test_a_budget_for_a_model_without_a_price_names_the_file(judge, ask, questions):
    with pytest.raises(UserError, match=r"prices\.yaml") as caught:
        ask(questions(1), model="my-own", budget_usd=1)
    assert "\n" not in str(caught.value)
    assert judge.counts()["n_calls"] == 0


def test_without_a_price_and_a_budget_the_cost_is_unknown(ask, questions):
    done = ask(questions(1), model="my-own")
    assert done.spending.usd is None
    assert done.answers[0].usd is None


def ledger(budget_usd: float | None, *, max_new_tokens: int = 100) -> Ledger:
    settings = LLMSettings(model="m", budget_usd=budget_usd, max_new_tokens=max_new_tokens)
    return Ledger(settings, Prices({"m": Price(prompt_usd=1, new_usd=10)}))


def test_the_first_estimate_is_by_letters_and_the_longest_reply_allowed():
    # 300 letters are 100 prompt tokens: 100 * 1e-6 + 100 * 1e-5 USD.
    assert ledger(1.0).reserve(300) == pytest.approx(0.0011)


def test_what_is_under_way_counts_against_the_budget():
    money = ledger(0.0025)
    first = money.reserve(300)
    assert money.reserve(300) is not None
    assert money.reserve(300) is None
    money.release(first)
    assert money.reserve(300) is not None


def test_later_estimates_are_by_what_the_server_counted():
    money = ledger(1.0)
    for n_new_tokens in (5, 10, 20, 10, 5):
        money.record(400, 100, n_new_tokens)
    # 4 letters a token, and the longest reply so far: 100 * 1e-6 + 20 * 1e-5 USD.
    assert money.reserve(400) == pytest.approx(0.0003)


def test_a_call_of_which_no_tokens_are_told_costs_its_estimate():
    money = ledger(0.0025)
    reserved = money.reserve(300)
    assert money.record(300, 0, 0, charged_usd=reserved) == reserved
    money.release(reserved)
    assert money.reserve(300) is not None
    assert money.reserve(300) is None


@pytest.mark.parametrize("fault", ["truncated_body", "no_usage"])
def test_calls_that_may_be_charged_for_use_the_budget_up(judge, ask, questions, fault):
    judge.set(faults=f"{fault}=1")
    done = ask(questions(500), budget_usd=0.002, n_concurrent=8)
    assert done.spending.stopped == "budget"
    assert judge.counts()["n_calls"] < 50


def test_nothing_is_reserved_once_all_calls_are_over():
    money = ledger(1.0)
    estimates = [money.reserve(100 * number) for number in range(1, 8)]
    assert not money.is_idle
    for estimate in estimates:
        money.release(estimate)
    assert money.is_idle

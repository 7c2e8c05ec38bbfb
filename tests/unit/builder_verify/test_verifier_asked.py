"""How the verifying model is asked: within one budget, by the Batch API, never twice."""

import importlib
from dataclasses import replace

import pytest

from rarft.dataset_builder.verify import Checks, VideoQueries, verify
from rarft.harness.errors import UserError
from rarft.harness.llm import LLMSettings

BOX = "A man opens a box."
SOUND = ("A man opens a bag.", "A man opens a jar.", "A man opens a tin.")
PARAPHRASE = "A guy opens a carton."
REFUSAL = "The man opens a box, no bag, no jar and no tin."


@pytest.fixture
def judged(row, candidate):
    """A function that verifies rewrites of one query, and returns the ids with a verdict."""

    def ask(texts, checks):
        asked = []
        told = replace(checks, on_asked=lambda one, usage: asked.append((one, usage)))
        made = [candidate(text, id=text, refusal=REFUSAL) for text in texts]
        found = list(verify(made, rows=VideoQueries([row(BOX)]), checks=told))
        return {one.candidate_id for one in found}, asked

    return ask


def test_the_verifier_is_asked_by_the_batch_api_and_what_waits_has_no_verdict(
    judged, servers, isolated_cache, tmp_path
) -> None:
    with servers.running_server() as url:
        servers.ask_server(f"{url}/control/batches", send={"n_polls": 2})
        llm = LLMSettings(model="m", base_url=f"{url}/v1")
        checks = Checks(llm=llm, by_batch=True, directory=tmp_path)
        first, asked = judged((*SOUND, PARAPHRASE), checks)
        with pytest.raises(UserError, match="got 3 questions that a batch is asking"):
            judged(SOUND, replace(checks, by_batch=False))
        second, asked_again = judged((*SOUND, PARAPHRASE), checks)
        assert servers.ask_server(f"{url}/counts")["n_calls"] == 0
    assert first == {PARAPHRASE}
    assert asked[0][0].is_over
    assert "3 questions wait in a batch" in asked[0][0].note
    assert second == {*SOUND, PARAPHRASE}
    assert not asked_again[0][0].is_over
    assert asked_again[0][1].keys() == set(SOUND)


def test_the_budget_of_the_verifier_is_that_of_all_candidates(
    judged, servers, isolated_cache, tmp_path, monkeypatch
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("models:\n  m: {prompt_usd: 0.0, new_usd: 1.0}\n")
    # The first call is estimated at 512 new tokens: the budget has room for one estimate.
    llm = LLMSettings(model="m", budget_usd=520e-6, prices=prices, n_concurrent=1)
    # The package has a function of the module's name.
    module = importlib.import_module("rarft.dataset_builder.verify.verify")
    monkeypatch.setattr(module, "GROUP", 1)
    with servers.running_server() as url:
        found, asked = judged(SOUND, Checks(llm=replace(llm, base_url=f"{url}/v1")))
    assert found == {SOUND[0]}
    assert [one.n_calls for one, _ in asked] == [1, 0, 0]
    assert sum(one.usd for one, _ in asked) <= llm.budget_usd


def test_a_batch_needs_a_folder_to_be_kept_in() -> None:
    with pytest.raises(UserError, match="got a batch without a build"):
        Checks(llm=LLMSettings(model="m"), by_batch=True)

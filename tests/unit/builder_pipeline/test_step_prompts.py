import pytest
from pydantic import BaseModel

from rarft.dataset_builder.step_prompt import prompt_digests, step_prompt
from rarft.harness.errors import UserError
from rarft.harness.taxonomy import CATEGORIES


class Anything(BaseModel):
    value: str


@pytest.mark.parametrize("step", ["categorize", "rewrite"])
def test_the_papers_prompts_hold_the_whole_taxonomy(step: str) -> None:
    system = step_prompt(step).system.content  # type: ignore[arg-type]
    assert [path for path in CATEGORIES if f"- {path} — " not in system] == []


def test_the_input_stands_in_the_user_message_as_json() -> None:
    request = step_prompt("rewrite").request({"related_query": "a {input} “é”"}, Anything)
    assert [message.role for message in request.messages] == ["system", "user"]
    assert request.messages[1].content == '{\n "related_query": "a {input} “é”"\n}'


def test_a_prompt_of_ones_own_changes_the_version_and_the_digest() -> None:
    own = "[SYSTEM]\nRewrite.\n[USER]\nPlease: {input}\n"
    packaged, replaced = step_prompt("rewrite"), step_prompt("rewrite", own)
    assert packaged.request({}, Anything).version != replaced.request({}, Anything).version
    assert replaced.request({}, Anything).messages[1].content == "Please: {}"
    digests = prompt_digests({"rewrite": own})
    assert digests["rewrite"] == replaced.sha256
    assert digests["categorize"] == step_prompt("categorize").sha256


@pytest.mark.parametrize("text", ["", "Rewrite {input}", "[USER]\n{input}\n[SYSTEM]\nx"])
def test_a_prompt_of_another_layout_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"without its two parts"):
        step_prompt("rewrite", text)

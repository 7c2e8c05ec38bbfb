"""The models behind verification: an NLI model, a language model, an encoder of unknown words."""

import json
from contextlib import nullcontext

import pytest

from rarft.dataset_builder.verify import Checks, VideoQueries, verify
from rarft.dataset_builder.verify.llm_verifier import prompt_sha256
from rarft.harness.errors import UserError
from rarft.harness.llm import LLMSettings

BOX = "A man opens a box."
REFUSAL = "The man opens a box, no bag and no jar."
SOUND = {"still_true": False, "true_by": [], "edited": ["Object/ObjectExistence"],
         "refusal": "good"}  # fmt: skip


@pytest.fixture
def verdicts(servers, isolated_cache, tmp_path, row, candidate):
    """A function that lets a scripted language model verify rewrites of one query."""

    def ask(answers, *, others=(), budget_usd=None, reached=True):
        script = [
            {"contains": f'"rewrite": "{text}"', "field": "still_true", "content": answer}
            for text, answer in answers.items()
        ]
        path = tmp_path / "script.json"
        path.write_text(json.dumps(script))
        rows = [row(BOX), *(row(text, id=f"o{at}") for at, text in enumerate(others))]
        made = [candidate(text, id=text, refusal=REFUSAL) for text in answers]
        spent = []
        nobody = nullcontext("http://127.0.0.1:9")
        with servers.running_server("--script", str(path)) if reached else nobody as url:
            prices = tmp_path / "prices.yaml"
            prices.write_text("models:\n  m: {prompt_usd: 1.0, new_usd: 1.0}\n")
            llm = LLMSettings(
                model="m", base_url=f"{url}/v1", budget_usd=budget_usd, prices=prices, n_attempts=1
            )
            checks = Checks(llm=llm, on_asked=lambda asked, _: spent.append(asked))
            found = list(verify(made, rows=VideoQueries(rows), checks=checks))
        return {one.candidate_id: {f.reason for f in one.findings} for one in found}, spent

    return ask


def test_a_language_model_may_object_to_what_the_rules_let_through(verdicts) -> None:
    answers = {
        "A man opens a bag.": SOUND,
        "A man opens a jar.": SOUND | {"still_true": True},
        "A man opens a tin.": SOUND | {"true_by": [0, 7]},
        "A man opens a pot.": SOUND | {"edited": []},
        "A man opens a cup.": SOUND | {"refusal": "leaking"},
        "A man opens a pan.": SOUND | {"refusal": "vague"},
    }
    found, spent = verdicts(
        {text: json.dumps(answer) for text, answer in answers.items()}, others=("A cat sleeps.",)
    )
    assert list(found.values())[:4] == [set(), {"paraphrase"}, {"true_elsewhere"}, {"category"}]
    assert list(found.values())[4:] == [{"leak"}, {"refusal"}]
    assert spent[0].n_calls == 6


def test_a_candidate_without_an_answer_is_not_accepted(verdicts) -> None:
    found, _ = verdicts({"A man opens a bag.": "I would rather not say."})
    assert found == {"A man opens a bag.": {"model"}}


def test_without_money_a_candidate_has_no_verdict_and_can_be_asked_about_later(verdicts) -> None:
    found, spent = verdicts({"A man opens a bag.": json.dumps(SOUND)}, budget_usd=0, reached=False)
    assert found == {}
    assert spent[0].n_calls == 0
    assert spent[0].is_over


def test_what_the_rules_reject_costs_no_call(verdicts) -> None:
    found, spent = verdicts({"A guy opens a carton.": json.dumps(SOUND)}, reached=False)
    assert found == {"A guy opens a carton.": {"paraphrase"}}
    assert spent == []


def test_the_prompt_has_a_digest() -> None:
    assert len(prompt_sha256()) == 64


def make_nli(folder, labels):
    """Write a classifier that says the same of every pair: its first label."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "man", "opens", "box", "bag", "."]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]",
    ).save_pretrained(folder)  # fmt: skip
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, num_labels=len(labels), id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )  # fmt: skip
    network = BertForSequenceClassification(config)
    with torch.no_grad():
        network.classifier.weight.zero_()
        network.classifier.bias.copy_(torch.tensor([9.0] + [0.0] * (len(labels) - 1)))
    network.save_pretrained(folder)
    return str(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["ENTAILMENT", "NEUTRAL", "CONTRADICTION"], {"paraphrase"}),
        (["contradiction", "entailment", "neutral"], set()),
    ],
)
def test_what_an_nli_model_calls_entailed_is_rejected(judge, tmp_path, labels, expected) -> None:
    checks = Checks(nli=make_nli(tmp_path, labels))
    assert judge(BOX, "A man opens a bag.", refusal=REFUSAL, checks=checks) == expected


@pytest.mark.slow
def test_an_nli_model_without_the_label_is_refused(judge, tmp_path) -> None:
    checks = Checks(nli=make_nli(tmp_path, ["LABEL_0", "LABEL_1"]))
    with pytest.raises(UserError, match="expected one that is called entailment"):
        judge(BOX, "A man opens a bag.", refusal=REFUSAL, checks=checks)


@pytest.mark.slow
def test_an_nli_model_that_is_not_there_is_refused(judge, tmp_path) -> None:
    checks = Checks(nli=str(tmp_path))
    with pytest.raises(UserError, match="cannot be loaded"):
        judge(BOX, "A man opens a bag.", refusal=REFUSAL, checks=checks)


@pytest.mark.slow
def test_an_encoder_knows_words_that_no_list_has(judge) -> None:
    original, text = "A man polishes a monocle.", "A man polishes monocular glasses."
    checks = Checks(encoder="all-MiniLM-L6-v2")
    assert judge(original, text, refusal=REFUSAL, checks=checks) <= {"paraphrase", "refusal"}

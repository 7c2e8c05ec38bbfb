"""A table of replies that ground, with the spans they mean, worked out by hand."""

import pytest

from rarft.harness.parsing import parse_reply
from rarft.harness.types import pairs_from_spans

GENERIC = [
    ("answer_to", "<answer>12.54 to 17.83</answer>", [[12.54, 17.83]]),
    ("answer_newlines", "<answer>\n12.54 to 17.83\n</answer>", [[12.54, 17.83]]),
    ("answer_and", "<answer>12.54 and 17.83</answer>", [[12.54, 17.83]]),
    ("answer_hyphen", "<answer>12.54 - 17.83</answer>", [[12.54, 17.83]]),
    ("answer_tight_hyphen", "<answer>12.54-17.83</answer>", [[12.54, 17.83]]),
    ("answer_en_dash", "<answer>12.54 – 17.83</answer>", [[12.54, 17.83]]),
    ("answer_em_dash", "<answer>12.54—17.83</answer>", [[12.54, 17.83]]),
    ("answer_tilde", "<answer>12.54 ~ 17.83</answer>", [[12.54, 17.83]]),
    ("answer_arrow", "<answer>12.54 -> 17.83</answer>", [[12.54, 17.83]]),
    ("answer_brackets", "<answer>[12.54, 17.83]</answer>", [[12.54, 17.83]]),
    ("answer_parentheses", "<answer>(12.54, 17.83)</answer>", [[12.54, 17.83]]),
    ("answer_comma_pair", "<answer>12.54, 17.83</answer>", [[12.54, 17.83]]),
    ("answer_integers", "<answer>12 to 17</answer>", [[12.0, 17.0]]),
    ("answer_seconds", "<answer>12.54s to 17.83s</answer>", [[12.54, 17.83]]),
    ("answer_from", "<answer>from 12.54 s to 17.83 s.</answer>", [[12.54, 17.83]]),
    ("answer_upper_case", "<ANSWER>3.0 TO 9.0</ANSWER>", [[3.0, 9.0]]),
    ("answer_spaced_tags", "< answer >3.0 to 9.0</ answer >", [[3.0, 9.0]]),
    ("answer_attributes", '<answer type="span">3.0 to 9.0</answer>', [[3.0, 9.0]]),
    ("answer_unclosed", "<answer>3.0 to 9.0", [[3.0, 9.0]]),
    ("answer_unopened", "3.0 to 9.0</answer>", [[3.0, 9.0]]),
    ("answer_then_correction", "<answer>3.0 to 9.0</answer><correction>NIL</correction>", [[3, 9]]),
    ("answer_then_correct", "<answer>3.0 to 9.0</answer><correct></correct>", [[3, 9]]),
    ("correction_then_answer", "<correct>NIL</correct><answer>3.0 to 9.0</answer>", [[3, 9]]),
    ("answer_open_correction", "<answer>3.0 to 9.0<correction>NIL", [[3.0, 9.0]]),
    ("think_hides_spans", "<think>0.0 to 2.0</think><answer>3.0 to 9.0</answer>", [[3, 9]]),
    ("think_unclosed_then_answer", "<think>0.0 to 2.0 <answer>3.0 to 9.0</answer>", [[3, 9]]),
    ("think_unopened", "0.0 to 2.0</think><answer>3.0 to 9.0</answer>", [[3, 9]]),
    ("think_after_answer", "<answer>3.0 to 9.0</answer><think>0 to 2</think>", [[3, 9]]),
    ("think_with_draft", "<think><answer>0 to 2</answer></think><answer>3 to 9</answer>", [[3, 9]]),
    ("stray_think_close", "<answer>3.0 to 9.0</answer></think>", [[3.0, 9.0]]),
    ("think_then_prose", "<think>0 to 2</think>The event happens in 3 - 9 seconds.", [[3, 9]]),
    ("last_answer_wins", "<answer>0 to 2</answer><answer>3.0 to 9.0</answer>", [[3, 9]]),
    ("last_filled_answer_wins", "<answer>3.0 to 9.0</answer>\n<answer>", [[3, 9]]),
    ("nested_answers", "<answer><answer>3.0 to 9.0</answer></answer>", [[3, 9]]),
    ("timestep_inside", "<answer><timestep>3.0 to 9.0</timestep></answer>", [[3, 9]]),
    ("special_tokens", "<answer>3.0 to 9.0</answer><|im_end|>\n<|endoftext|>", [[3, 9]]),
    ("runaway_turn", "<answer>3 to 9</answer><|im_end|>\n<answer>0 to 1</answer>", [[3, 9]]),
    ("sentence_piece_end", "3.0 to 9.0</s>", [[3.0, 9.0]]),
    ("fenced_answer", "```\n<answer>3.0 to 9.0</answer>\n```", [[3.0, 9.0]]),
    ("fenced_text", "```text\n3.0 to 9.0\n```", [[3.0, 9.0]]),
    ("bold", "**3.0** to **9.0** seconds", [[3.0, 9.0]]),
    ("backticks", "The segment is `3.0 - 9.0`", [[3.0, 9.0]]),
    ("list_of_tuples", "<answer>[(12.5, 17.8), (30, 40)]</answer>", [[12.5, 17.8], [30, 40]]),
    ("glue", "<answer>B</answer><glue>[(5.2, 10.4)]</glue>", [[5.2, 10.4]]),
    ("time_tag", "<think>1.0 to 2.0</think> <time>[5.2, 10.4]</time>", [[5.2, 10.4]]),
    ("json_array", "[[3.0, 9.5]]", [[3.0, 9.5]]),
    ("json_flat_pair", "[3.0, 9.5]", [[3.0, 9.5]]),
    ("json_fenced", "```json\n[[3.0, 9.5], [12, 15]]\n```", [[3.0, 9.5], [12, 15]]),
    ("json_object", '{"start": 3.0, "end": 9.5}', [[3.0, 9.5]]),
    ("json_clock", '{"start": "00:12.5", "end": "00:17"}', [[12.5, 17.0]]),
    ("json_start_time", '{"start_time": "3.0", "end_time": "9.5s"}', [[3.0, 9.5]]),
    ("json_timestamps", '{"timestamps": [[3.0, 9.5]]}', [[3.0, 9.5]]),
    ("json_time_string", '{"event": "x", "time": "3.0 - 9.5"}', [[3.0, 9.5]]),
    (
        "json_events",
        '[{"start": 1, "end": 2, "label": "a"}, {"start": 3, "end": 4}]',
        [[1, 2], [3, 4]],
    ),
    ("json_in_prose", "Here it is:\n```json\n[[3.0, 9.5]]\n```\nDone.", [[3.0, 9.5]]),
    ("json_label_negates", '[{"start": 1, "end": 2, "label": "there is no dog"}]', [[1, 2]]),
    ("python_dict", "{'start': 3.0, 'end': 9.5}", [[3.0, 9.5]]),
    ("json_in_answer", '<answer>{"start": 3, "end": 9}</answer>', [[3.0, 9.0]]),
    ("prose_timechat", "The event happens in 24.3 - 30.4 seconds.", [[24.3, 30.4]]),
    ("prose_given_query", "The given query happens in 0.0 - 6.9 seconds.", [[0.0, 6.9]]),
    ("prose_zero_padded", "0010.0 - 0020.0 seconds", [[10.0, 20.0]]),
    ("prose_suffix", "From 12.5s to 17.8s", [[12.5, 17.8]]),
    ("prose_integers_unit", "The event happens in 24 - 30 seconds.", [[24.0, 30.0]]),
    ("prose_integers_from", "The event happens from 12 to 17.", [[12.0, 17.0]]),
    ("prose_integers_in_video", "It takes place from 12 to 17 in the video.", [[12.0, 17.0]]),
    ("prose_between", "The event occurs between 3.0 and 9.0 seconds.", [[3.0, 9.0]]),
    ("prose_between_units", "between 3 seconds and 9 seconds", [[3.0, 9.0]]),
    ("prose_parentheses", "The man opens the door (3.0s - 9.0s).", [[3.0, 9.0]]),
    ("prose_quotes", "The event 'x' happens in the '24.3 - 30.4' seconds.", [[24.3, 30.4]]),
    ("prose_no_space_after_dot", "A man cooks.From 3.2 to 12.5 he stirs.", [[3.2, 12.5]]),
    ("prose_bracketed", "The relevant span is [3.0, 9.0].", [[3.0, 9.0]]),
    ("prose_bullet", "- 3.0 to 9.0", [[3.0, 9.0]]),
    ("prose_second_prefix", "from second 12 to second 17", [[12.0, 17.0]]),
    ("prose_t_equals", "from t=12.0 to t=17.0", [[12.0, 17.0]]),
    ("prose_glued_to", "12.5to17.8", [[12.5, 17.8]]),
    ("prose_approximately", "from approximately 3.0 to about 9.0 seconds", [[3.0, 9.0]]),
    ("prose_until", "from 3.0 s until 9.0 s", [[3.0, 9.0]]),
    ("whole_integers", "2 - 3", [[2.0, 3.0]]),
    ("whole_colon", "Answer: 12 to 17", [[12.0, 17.0]]),
    ("answer_is", "From 0.0 to 2.0 he sits. So the answer is 3.0 to 9.0.", [[3.0, 9.0]]),
    ("clauses", "It starts at 3.0 s and ends at 9 s.", [[3.0, 9.0]]),
    ("clauses_labels", "Starting time: 0.8 seconds\nEnding time: 1.1 seconds", [[0.8, 1.1]]),
    ("clauses_start_end", "Start: 12, End: 17", [[12.0, 17.0]]),
    ("clauses_words", "The event begins when he enters at 3.0 s and finishes at 9.0 s.", [[3, 9]]),
    ("clauses_end_first", "It ends at 9.0 s and starts at 3.0 s.", [[3.0, 9.0]]),
    ("clauses_clock", "The action starts at 00:18 and ends at 00:23.", [[18.0, 23.0]]),
    ("clock", "00:18 to 00:23", [[18.0, 23.0]]),
    ("clock_hours", "01:00:18.50 - 01:00:23.75", [[3618.5, 3623.75]]),
    ("clock_mixed_lengths", "from 0:59 to 1:05", [[59.0, 65.0]]),
    ("minutes_seconds", "from 1 min 5 s to 1 min 20 s", [[65.0, 80.0]]),
    ("minutes_glued", "from 1m05s to 1m20s", [[65.0, 80.0]]),
    ("minutes_unit", "from 1 to 2 minutes", [[60.0, 120.0]]),
    ("minutes_words", "from 1 minute and 5 seconds to 2 minutes 10 seconds", [[65.0, 130.0]]),
    ("comma_decimals", "12,54 to 17,83", [[12.54, 17.83]]),
    (
        "time_tokens",
        "<TIME_ZERO><TIME_NINE><TIME_DOT><TIME_FIVE> - <TIME_ONE><TIME_TWO> s",
        [[9.5, 12]],
    ),
    ("several", "From 3.0 to 9.0 seconds, from 12.0 to 15.0 seconds.", [[3, 9], [12, 15]]),
    ("several_and", "3.0 to 9.0 and 12.0 to 15.0", [[3, 9], [12, 15]]),
    ("several_lines", "1. 3.0 - 9.0 s\n2. 12.0 - 15.0 s", [[3, 9], [12, 15]]),
    ("reversed", "<answer>17.83 to 12.54</answer>", [[12.54, 17.83]]),
    ("zero_length", "<answer>5.0 to 5.0</answer>", [[5.0, 5.0]]),
    ("nowhere_beside_span", "[[0, 0], [3.0, 9.0]]", [[3.0, 9.0]]),
    ("negative_start", "[-0.5, 9.0]", [[-0.5, 9.0]]),
    ("dash_is_no_minus", "12.5 -17.8", [[12.5, 17.8]]),
    ("yes", "Yes, the man opens the door from 3.2 to 12.5 seconds.", [[3.2, 12.5]]),
    ("count_beside_span", "2-3 people walk in from 3.2 to 12.5 seconds.", [[3.2, 12.5]]),
    ("decimal_then_word", "from 3.2 to 12.5 a man cooks", [[3.2, 12.5]]),
]
PASSING_NEGATION = [
    ("not_wearing", "The man, who is not wearing a hat, opens the door from 3.2 to 12.5"),
    ("not_until", "It is not until 3.2 to 12.5 seconds that the man opens the door."),
    ("not_before", "The event happens in 3.2 - 12.5 seconds, not before."),
    ("not_outside", "The event happens in 3.2 - 12.5 seconds, and does not happen again."),
    ("note_after_bare_span", "3.2 to 12.5. The video does not show his face."),
    ("nobody_while", "The man enters from 3.2 to 12.5 seconds while nobody is watching."),
    ("no_one_else", "The man enters from 3.2 to 12.5 seconds; there is no one else."),
    ("no_longer", "From 3.2 to 12.5 the man no longer holds the cup."),
    ("although", "Although the match is not perfect, the event happens from 3.2 to 12.5."),
    (
        "although_video",
        "Although the video does not show it fully, the event occurs from 3.2 to 12.5.",
    ),
    ("quoted_query", "The event 'there is no event on the table' happens in 3.2 - 12.5 seconds."),
    ("double_quoted", 'The query "the video does not show a dog" matches 3.2 to 12.5 seconds.'),
    ("which_does_not", "From 3.2 to 12.5 he opens a door which does not close."),
    ("without", "From 3.2 to 12.5 a man sits without moving."),
    ("rather_than", "From 3.2 to 12.5 he uses his left hand rather than his right."),
    ("does_not_happen_until", "The event does not happen until 3.2 to 12.5 seconds."),
    ("no_doubt", "There is no doubt: the event happens from 3.2 to 12.5 seconds."),
    ("not_only", "The man not only opens the door but enters from 3.2 to 12.5 seconds."),
    ("echo_negative", "Query: a person does not close the door. Answer: 3.2 to 12.5"),
    ("in_answer", "<answer>3.2 to 12.5, where the man is not wearing a hat</answer>"),
    ("outside_answer", "The video does not contain it. <answer>3.2 to 12.5</answer>"),
    ("refusal_in_think", "<think>The query does not match.</think><answer>3.2 to 12.5</answer>"),
    ("apology", "I'm sorry for the confusion. The event happens from 3.2 to 12.5 seconds."),
    ("because_not", "The man stops from 3.2 to 12.5 because he cannot open the door."),
    ("who_never", "The man who never smiles opens the door from 3.2 to 12.5 seconds."),
    ("but_claim", "The lighting is not good, but the event happens from 3.2 to 12.5 seconds."),
]
DECLARED = [
    ("percent", "percent", "From 21 to 35", [[42.0, 70.0]]),
    ("percent_sign", "percent", "From 21% to 35%", [[42.0, 70.0]]),
    ("percent_and", "percent", "between 21 and 35.", [[42.0, 70.0]]),
    ("percent_two_digits", "percent", "From 05 to 09.", [[10.0, 18.0]]),
    ("percent_named", "percent", "It starts at 21 and ends at 35", [[42.0, 70.0]]),
    ("percent_seconds_win", "percent", "From 21.0 s to 35.0 s", [[21.0, 35.0]]),
    ("frames", "frames", "frames 2 to 4", [[0.5, 1.5]]),
    ("frames_each", "frames", "From Frame 2 to Frame 4.", [[0.5, 1.5]]),
    ("frames_glued", "frames", "Frame2 - Frame4", [[0.5, 1.5]]),
    ("frames_bare", "frames", "2 to 4", [[0.5, 1.5]]),
    ("frames_after", "frames", "2 to 4 frames", [[0.5, 1.5]]),
    ("frames_seconds_win", "frames", "From 2.5 s to 4.5 s", [[2.5, 4.5]]),
    ("prose_bare_integers", "prose", "The man walks 12 - 17", [[12.0, 17.0]]),
    ("prose_tagged", "prose", "<answer>3.0 to 9.0</answer>", [[3.0, 9.0]]),
    ("clauses_fallback", "clauses", "From 3.0 to 9.0 seconds", [[3.0, 9.0]]),
    ("clock_form", "clock", "It happens from 01:05 to 01:20.", [[65.0, 80.0]]),
    ("clock_fallback", "clock", "It happens from 65.0 to 80.0.", [[65.0, 80.0]]),
    ("multi", "multi_prose", "From 12.0 seconds to 17.0 seconds.", [[12.0, 17.0]]),
    (
        "multi_two",
        "multi_prose",
        "From 1.0 seconds to 2.0 seconds, from 3 s to 4 s.",
        [[1, 2], [3, 4]],
    ),
    ("multi_flat", "multi_prose", "12.0 seconds, 44.0 seconds.", [[12.0, 44.0]]),
    ("answer_tag_prose", "answer_tag", "The event happens in 3.0 - 9.0 seconds.", [[3.0, 9.0]]),
    ("answer_correction_json", "answer_correction", "[[3.0, 9.0]]", [[3.0, 9.0]]),
    ("answer_list_pair", "answer_list", "<answer>3.0 to 9.0</answer>", [[3.0, 9.0]]),
    ("answer_list_glue", "answer_list", "<answer>B</answer><glue>[(3, 9)]</glue>", [[3.0, 9.0]]),
    ("time_tag_answer", "time_tag", "<answer>3.0 to 9.0</answer>", [[3.0, 9.0]]),
    ("json_prose", "json_pairs", "The spans are [[3.0, 9.0], [12, 15]].", [[3, 9], [12, 15]]),
    ("json_truncated", "json_pairs", "[[3.0, 9.0], [12, 15], [16", [[3, 9], [12, 15]]),
    (
        "time_tokens_form",
        "time_tokens",
        "<TIME_ONE><TIME_DOT><TIME_FIVE> - <TIME_TWO> seconds",
        [[1.5, 2]],
    ),
    ("time_tokens_decoded", "time_tokens", "0001.5 - 0002.0 seconds", [[1.5, 2.0]]),
    ("structured", "structured", '{"spans": [[3, 9]], "relevant": true}', [[3.0, 9.0]]),
    ("structured_score", "structured", '{"spans": [[3, 9, 0.8]], "pred_class": 0.6}', [[3, 9]]),
    ("free_text", "free_text", "Yes, from 3.0 to 9.0 seconds.", [[3.0, 9.0]]),
]


@pytest.mark.parametrize(("text", "spans"), [pytest.param(t, s, id=i) for i, t, s in GENERIC])
@pytest.mark.parametrize("form", ["generic", "answer_correction", "free_text"])
def test_a_reply_grounds_with_the_spans_it_states(form, text, spans):
    prediction = parse_reply(text, form=form)
    assert (prediction.kind, pairs_from_spans(prediction.spans)) == ("grounded", spans)
    assert prediction.explanation == ""
    assert prediction.reason == ""


@pytest.mark.parametrize("text", [pytest.param(t, id=i) for i, t in PASSING_NEGATION])
def test_a_negation_in_passing_leaves_the_grounding(text):
    prediction = parse_reply(text)
    assert (prediction.kind, pairs_from_spans(prediction.spans)) == ("grounded", [[3.2, 12.5]])


@pytest.mark.parametrize(
    ("form", "text", "spans"), [pytest.param(f, t, s, id=i) for i, f, t, s in DECLARED]
)
def test_a_declared_form_reads_its_own_shape_first(form, text, spans):
    prediction = parse_reply(
        text, form=form, duration_s=200.0, frame_times_s=[0.0, 0.5, 1.0, 1.5, 2.0]
    )
    assert prediction.kind == "grounded"
    assert pairs_from_spans(prediction.spans) == [pytest.approx(span) for span in spans]

"""From the text of a reply to a Prediction: grounded, refused or unparsed, never merged."""

from rarft.harness.parsing.forms import FORMS, Form
from rarft.harness.parsing.reference import reference_correction, reference_refusal
from rarft.harness.parsing.reply import parse_reply
from rarft.harness.parsing.structured import parse_structured

__all__ = [
    "FORMS",
    "Form",
    "parse_reply",
    "parse_structured",
    "reference_correction",
    "reference_refusal",
]

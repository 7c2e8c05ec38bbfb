"""Ask language models: concurrent, cached, budgeted, resumable, by any OpenAI-compatible server."""

from rarft.harness.llm.answer_cache import AnswerCache, CachedAnswer
from rarft.harness.llm.batch import cancel, collect, submit
from rarft.harness.llm.batch_lines import BatchLimits
from rarft.harness.llm.batch_state import BatchState
from rarft.harness.llm.budget import Spending
from rarft.harness.llm.client import answer_all
from rarft.harness.llm.prices import Prices, read_prices
from rarft.harness.llm.request import LLMAnswer, LLMRequest, Message
from rarft.harness.llm.settings import LLMSettings

__all__ = [
    "AnswerCache",
    "BatchLimits",
    "BatchState",
    "CachedAnswer",
    "LLMAnswer",
    "LLMRequest",
    "LLMSettings",
    "Message",
    "Prices",
    "Spending",
    "answer_all",
    "cancel",
    "collect",
    "read_prices",
    "submit",
]

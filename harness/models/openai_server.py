"""What a chat server is, by its list of models: vLLM and SGLang say so themselves."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any, Final

from rarft.harness.errors import UserError
from rarft.harness.llm.endpoint import Endpoint, open_client
from rarft.harness.llm.faults import Fault, fault_of_exception, fault_of_status
from rarft.harness.llm.waits import backoff_s
from rarft.harness.models.openai_settings import ServerKind, ServerSettings

MOST_SECONDS: Final = 30.0
N_TRIES: Final = 4
NO_LIST: Final = (404, 405, 501)
KINDS: Final[dict[str, ServerKind]] = {"vllm": "vllm", "sglang": "sglang"}


async def find_kind(endpoint: Endpoint, settings: ServerSettings) -> ServerKind:
    """Ask a server what it is, and whether it serves the model.

    A server that has no list of models is `other`. One that does not answer is no `other`: it might
    be a vLLM that is asked in another way later.

    Raises:
        UserError: the server does not answer or takes no such key, or a vLLM or SGLang serves no
            such model.
    """
    rng = random.Random()
    reason = ""
    async with open_client(endpoint, timeout_s=MOST_SECONDS) as client:
        for n_failed in range(1, N_TRIES + 1):
            found = await _list_models(client, endpoint, settings)
            if not isinstance(found, Fault):
                return _kind_of(found, settings)
            if found.kind == "stop":
                raise UserError(f"{endpoint.base_url}: {found.reason}")
            if found.kind != "again":
                return "other"
            reason = found.reason
            if n_failed < N_TRIES:
                await asyncio.sleep(max(backoff_s(n_failed, rng=rng), found.wait_s or 0.0))
    raise UserError(
        f"{endpoint.base_url}: got no list of models ({reason}), expected a server that answers; "
        "start it, mend the address, or say what it is by server=vllm, sglang or other"
    )


async def _list_models(
    client: Any, endpoint: Endpoint, settings: ServerSettings
) -> list[dict[str, Any]] | Fault:
    import aiohttp
    import httpx2
    from openai import APIError, APIStatusError

    try:
        async with asyncio.timeout(MOST_SECONDS):
            response = await client.get("/models", cast_to=httpx2.Response)
        rows = json.loads(response.content).get("data")
    except APIStatusError as error:
        if error.status_code in NO_LIST:
            return []
        text = endpoint.scrub(error.response.content.decode(errors="replace"))
        return fault_of_status(error.status_code, text, wait_s=None, model=settings.model)
    except (APIError, httpx2.HTTPError, aiohttp.ClientError, OSError, TimeoutError) as error:
        return fault_of_exception(error, timeout_s=MOST_SECONDS)
    except (ValueError, AttributeError, RecursionError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _kind_of(models: list[dict[str, Any]], settings: ServerSettings) -> ServerKind:
    owners = {str(model.get("owned_by")) for model in models}
    kind: ServerKind = next((KINDS[owner] for owner in KINDS if owner in owners), "other")
    names = [str(model.get("id")) for model in models]
    if kind != "other" and settings.model not in names:
        raise UserError(
            f"got model={settings.model}, expected one that the server has: {', '.join(names)}"
        )
    return kind

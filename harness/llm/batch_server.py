"""The server's side of the Batch API: files, batches, and its errors as one line each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rarft.harness.errors import UserError
from rarft.harness.llm.endpoint import Endpoint, find_endpoint
from rarft.harness.llm.faults import fault_of_status
from rarft.harness.llm.settings import LLMSettings

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types import Batch

LOCAL_ID_KEY: Final = "rarft_batch"
SECONDS_A_DAY: Final = 86_400
CERTAIN_REFUSALS: Final = frozenset(range(400, 500)) - {408, 409}
PAGE_SIZE: Final = 100
SAME_SERVER: Final = "use the server and the key with which it was made, or run without --batch"


class NotMadeError(UserError):
    """The server said that it did not make a batch."""


class BatchServer:
    """A client of the files and batches of one server."""

    def __init__(self, client: OpenAI, endpoint: Endpoint, *, model: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._model = model

    def upload(self, name: str, content: bytes) -> str:
        """Store the requests of a batch and return the file's id."""
        without = "use a server that has it, or run without --batch"
        with self._one_line("a server with the Batch API", if_absent=without):
            return self._client.files.create(file=(name, content), purpose="batch").id

    def make(self, file_id: str, local_id: str) -> Batch:
        """Make a batch, marked with its local id; never tried twice, or there might be two.

        Raises:
            NotMadeError: the server refused it.
            UserError: whether there is a batch now is not known.
        """
        client = self._client.with_options(max_retries=0)
        with self._one_line("a batch"):
            return client.batches.create(
                input_file_id=file_id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={LOCAL_ID_KEY: local_id},
            )

    def find(self, local_ids: set[str], *, since_s: float) -> dict[str, Batch]:
        """Return those of these batches that the server holds, by local id."""
        found: dict[str, Batch] = {}
        with self._one_line("a list of batches"):
            for batch in self._client.batches.list(limit=PAGE_SIZE):
                local_id = (batch.metadata or {}).get(LOCAL_ID_KEY, "")
                if local_id in local_ids:
                    found[local_id] = batch
                # Newest first; a day allows for clocks that differ.
                if len(found) == len(local_ids) or batch.created_at < since_s - SECONDS_A_DAY:
                    break
        return found

    def poll(self, batch_id: str) -> Batch:
        """Return a batch as it is now."""
        with self._one_line(f"the batch {batch_id}"):
            return self._client.batches.retrieve(batch_id)

    def cancel(self, batch_id: str) -> Batch:
        """Ask that a batch end now; what is already answered is kept."""
        with self._one_line(f"the end of the batch {batch_id}"):
            return self._client.batches.cancel(batch_id)

    def download(self, file_id: str) -> bytes | None:
        """Return a result file, or None where the server keeps it no longer."""
        from openai import NotFoundError

        with self._one_line("a file of results"):
            try:
                return self._client.files.content(file_id).read()
            except NotFoundError:
                return None

    @contextmanager
    def _one_line(self, expected: str, *, if_absent: str = SAME_SERVER) -> Iterator[None]:
        from openai import APIError, APIStatusError

        try:
            yield
        except APIStatusError as error:
            text = self._endpoint.scrub(error.response.text)
            kind = NotMadeError if error.status_code in CERTAIN_REFUSALS else UserError
            raise kind(self._line(error.status_code, text, expected, if_absent)) from None
        except APIError as error:
            reason = self._endpoint.scrub(" ".join(error.message.split()))
            raise UserError(
                f"{self._endpoint.base_url}: got no complete answer ({reason}), expected "
                f"{expected}; run the same command again, nothing that was sent is lost"
            ) from None

    def _line(self, status: int, text: str, expected: str, if_absent: str) -> str:
        fault = fault_of_status(status, text, wait_s=None, model=self._model)
        if fault.kind == "stop" and status != 404:
            return f"{self._endpoint.base_url}: {fault.reason}"
        do = "run the same command again, nothing that was sent is lost"
        if status == 404:
            do = if_absent
        shown = f"HTTP {status}" if fault.kind == "stop" else fault.reason
        return f"{self._endpoint.base_url}: got {shown}, expected {expected}; {do}"


@contextmanager
def open_batch_server(settings: LLMSettings) -> Iterator[BatchServer]:
    """Reach the server that the settings and the environment name.

    Raises:
        UserError: there is neither a key nor an address.
    """
    from openai import OpenAI

    endpoint = find_endpoint(settings)
    with OpenAI(
        api_key=endpoint.key,
        base_url=endpoint.base_url,
        max_retries=settings.n_attempts - 1,
        timeout=settings.timeout_s,
    ) as client:
        yield BatchServer(client, endpoint, model=settings.model)

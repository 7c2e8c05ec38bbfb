"""Whether the server can be reached at all, told from all calls of a run together."""

from __future__ import annotations

from rarft.harness.errors import UserError

N_TRIES_EACH = 3


class Reach:
    """Ends a run whose server refuses every connection, instead of failing each request in turn."""

    def __init__(self, base_url: str, *, n_workers: int) -> None:
        self._base_url = base_url
        self._most_in_a_row = N_TRIES_EACH * n_workers
        self._n_in_a_row = 0

    def record(self, *, refused: bool) -> None:
        """Count one call.

        Raises:
            UserError: three calls of every worker in a row found no server.
        """
        self._n_in_a_row = self._n_in_a_row + 1 if refused else 0
        if self._n_in_a_row >= self._most_in_a_row:
            raise UserError(
                f"got no connection to {self._base_url} in {self._n_in_a_row} calls, expected a "
                "server that listens there; start it or mend the address and run again, answers "
                "so far are kept"
            )

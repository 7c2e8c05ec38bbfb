"""vLLM's engine and the event loop it lives in: started once, asked from outside."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar

from rarft.harness.errors import UserError
from rarft.harness.models.vllm_checkpoint import one_line
from rarft.harness.models.vllm_output import StartOutput

_T = TypeVar("_T")
_END_LIMIT_S: Final = 20.0
_QUIET: Final = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CONFIGURE_LOGGING": "1",
}


class EngineHost:
    """An AsyncLLM in a thread with an event loop of its own.

    The engine itself runs in further processes, so that preparing prompts and generating overlap.
    """

    def __init__(self, engine_args: Mapping[str, Any]) -> None:
        """Start the engine.

        Raises:
            UserError: vLLM is not installed, or cannot run this model with these arguments.
        """
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        others = multiprocessing.active_children()
        is_quiet = all(os.environ[name] == value for name, value in _QUIET.items())
        try:
            with StartOutput(shows=not is_quiet) as output:
                self.engine = self.run(_start(engine_args, output))
        except BaseException:
            self._stop_loop()
            raise
        self._processes = [one for one in multiprocessing.active_children() if one not in others]

    @property
    def max_model_len(self) -> int:
        """Return how many tokens a prompt and its reply may have together."""
        return int(self.engine.model_config.max_model_len)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the engine's loop and wait for its result."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call_workers(self, method: str, *args: Any) -> Any:
        """Call a method of the worker extension; returns the first worker's result."""
        return self.run(self.engine.collective_rpc(method, args=args))[0]

    def forget(self) -> None:
        """Empty the caches of processed videos, of encoded ones, and of prompt beginnings."""
        self.run(self.engine.reset_mm_cache())
        self.run(self.engine.reset_encoder_cache())
        self.run(self.engine.reset_prefix_cache())

    def close(self) -> None:
        """End the engine's processes and the loop; none of them runs on when this returns."""
        self.run(_stop(self.engine))
        self._stop_loop()
        # vLLM waits some seconds for its processes, then kills them and does not look again.
        for process in self._processes:
            process.join(timeout=_END_LIMIT_S)
            if process.is_alive():
                process.kill()
                process.join()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        if not self._thread.is_alive():
            self._loop.close()


async def _start(engine_args: Mapping[str, Any], output: StartOutput) -> Any:
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise UserError(
            f"got the backend vllm, which cannot be imported ({one_line(error)}); install it with "
            "pip install 'rarft[vllm]', or use the backend hf"
        ) from error
    try:
        return AsyncLLM.from_engine_args(AsyncEngineArgs(**engine_args))
    except (ValueError, TypeError, RuntimeError, OSError, ImportError, AssertionError) as error:
        # Of what went wrong in another process vLLM says only that it did.
        cause = output.cause() if "root cause" in f"{error}" else None
        raise UserError(
            f"got an engine that does not start ({cause or one_line(error)}); mend --model_args, "
            "free memory, or see vLLM's own lines with VLLM_LOGGING_LEVEL=INFO"
        ) from error


async def _stop(engine: Any) -> None:
    engine.shutdown()
    # The engine's own tasks see that they are cancelled before the loop is stopped.
    await asyncio.sleep(0)

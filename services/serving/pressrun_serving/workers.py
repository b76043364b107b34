"""A few threads that run the model, and a queue before them that ends somewhere."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from pressrun_serving.errors import OverloadedError

P = ParamSpec("P")
R = TypeVar("R")


class Workers:
    """Runs calls on threads; refuses those that would wait behind a full queue.

    A queue without an end turns a short overload into minutes of answers that nobody waits for any more.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="model")
        self._limit = threads + queue
        self.admitted = 0

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the call on a thread of its own turn, first come, first served."""
        if self.admitted >= self._limit:
            raise OverloadedError(f"{self.admitted} requests are being served or wait, the limit is {self._limit}")
        self.admitted += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, partial(call, *args, **kwargs))
        finally:
            self.admitted -= 1

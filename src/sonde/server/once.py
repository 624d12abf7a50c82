"""Once: a write that is sent again under the same key is done once, and answered alike.

Answers are kept in memory for a while. What a restart forgets does no harm: the store itself
passes over reports that it has and outcomes that it knows, refuses a decision against an older
revision, and a lease that nobody heard of lapses.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from starlette.responses import Response

__all__ = ["Once"]

_KEPT_S = 600.0
_KEPT = 20_000  # answers
_LARGE = 1 << 20  # bytes of an answer that is not kept


class Once:
    """The answers of late."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], tuple[float, asyncio.Task[Response]]] = (
            OrderedDict()
        )

    async def answer(
        self, caller: str, key: str, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Do the work, or return the answer that it had.

        Args:
            caller: Whose key it is.
            key: Chosen by the caller for one write.
            work: Goes on also when this request is given up meanwhile.
        """
        now = time.monotonic()
        self._forget(now)
        known = self._answers.get((caller, key))
        if known is None:
            task: asyncio.Task[Response] = asyncio.ensure_future(work())
            self._answers[caller, key] = (now, task)
            task.add_done_callback(lambda done: self._weigh((caller, key), done))
        else:
            task = known[1]
        return await asyncio.shield(task)

    def _weigh(self, key: tuple[str, str], task: asyncio.Task[Response]) -> None:
        """Keep no answer that is large, or that another try may better."""
        if not task.cancelled() and task.exception() is None:
            answer = task.result()
            if answer.status_code < 500 and len(answer.body) <= _LARGE:
                return
        self._answers.pop(key, None)

    def _forget(self, now: float) -> None:
        answers = self._answers
        while answers:
            key, (since, task) = next(iter(answers.items()))
            if len(answers) < _KEPT and now - since < _KEPT_S:
                break
            if not task.done():
                break
            del answers[key]

"""Once: a write that is sent again under the same key is done once, and answered alike.

Answers are kept for ten minutes, in memory and in a file (`sonde.server.answered`), so that this
holds after the server was killed and started again too. Where it is killed between a write
and its answer, the store decides: it passes over reports that it has and outcomes that it
knows, refuses a decision against an older revision, and has a lease that nobody heard of
taken up by its agent; and what adds a sweep or a trial looks whether it is there already.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy

from starlette.responses import Response

from sonde.server.answered import Answered

__all__ = ["KEPT_S", "Once"]

KEPT_S = 600.0
"""For how long answers are kept."""
_KEPT = 20_000  # answers
_LARGE = 1 << 20  # bytes of an answer that is not kept
_Key = tuple[str, str]


class Once:
    """The answers of late.

    Args:
        answered: Where they last; None: nowhere.
    """

    def __init__(self, answered: Answered | None = None) -> None:
        self._answers: OrderedDict[_Key, tuple[float, asyncio.Future[Response]]] = OrderedDict()
        self._begun: OrderedDict[_Key, float] = OrderedDict()  # by an earlier run, to no answer
        self._answered = answered

    def recall(self) -> None:
        """Read what earlier runs of the server answered; on the event loop."""
        ahead = time.time() - time.monotonic()
        for when, value in () if self._answered is None else self._answered.read():
            caller, key, *rest = value
            if not rest:
                self._begun[caller, key] = when
                continue
            self._begun.pop((caller, key), None)
            status, media_type, body = rest
            future = asyncio.get_running_loop().create_future()
            future.set_result(Response(body, status_code=status, media_type=media_type))
            self._answers[caller, key] = (when - ahead, future)

    async def answer(
        self,
        caller: str,
        key: str,
        work: Callable[[float | None], Awaitable[Response]],
        *,
        adds: bool = False,
    ) -> Response:
        """Do the work, or return the answer that it had.

        Args:
            caller: Whose key it is.
            key: Chosen by the caller for one write.
            work: Goes on also when this request is given up meanwhile. It is given when it may
                have been done before (seconds since the epoch) by a server that was killed, if
                it `adds`; else None.
            adds: Whether to do it twice would add something twice.
        """
        now = time.monotonic()
        self._forget(now)
        known = self._answers.get((caller, key))
        if known is None:
            begun = self._begun.pop((caller, key), None)
            if adds and begun is None:
                self._note([caller, key])
            task = asyncio.ensure_future(self._work(caller, key, work, begun))
            self._answers[caller, key] = (now, task)
            task.add_done_callback(lambda done: self._weigh((caller, key), done))
            return _copied(await asyncio.shield(task))
        return _copied(await asyncio.shield(known[1]))

    async def _work(
        self,
        caller: str,
        key: str,
        work: Callable[[float | None], Awaitable[Response]],
        begun: float | None,
    ) -> Response:
        answer = await work(begun)
        if _is_to_keep(answer):
            media_type = answer.headers.get("content-type")
            self._note([caller, key, answer.status_code, media_type, bytes(answer.body)])
        return answer

    def _note(self, value: list[object]) -> None:
        if self._answered is not None:
            with suppress(OSError):  # a full disk: then it lasts as long as this process
                self._answered.add(value)

    def _weigh(self, key: _Key, done: "asyncio.Future[Response]") -> None:
        """Keep no answer that is large, or that another try may better."""
        if done.cancelled() or done.exception() is not None or not _is_to_keep(done.result()):
            self._answers.pop(key, None)

    def _forget(self, now: float) -> None:
        answers = self._answers
        while answers:
            key, (since, task) = next(iter(answers.items()))
            if len(answers) < _KEPT and now - since < KEPT_S:
                break
            if not task.done():
                break
            del answers[key]


def _copied(answer: Response) -> Response:
    """Return an answer with headers of its own: what compresses it writes into them."""
    fresh = copy(answer)
    fresh.raw_headers = list(answer.raw_headers)
    vars(fresh).pop("_headers", None)
    return fresh


def _is_to_keep(answer: Response) -> bool:
    return answer.status_code < 500 and len(answer.body) <= _LARGE

"""A lane: one thread that answers questions in the order in which they come.

To wake a thread, and to be woken by it, costs more than a short answer. So the thread takes
all questions that have gathered meanwhile, and gives all their answers back at once: the more
is asked, the less each question costs.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["Lane"]

_AT_ONCE = 16  # questions, before their answers are given back


class Lane:
    """A thread for short questions, which ends with its process."""

    def __init__(self, name: str) -> None:
        # Both sides use it at once: each of a deque's methods is one step.
        self._asked: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._some = threading.Event()
        self._closed = False
        threading.Thread(target=self._answer, name=name, daemon=True).start()

    def ask(self, question: Callable[[], Any]) -> "asyncio.Future[Any]":
        """Return what will be the answer; only on an event loop, and always on the same one."""
        future = asyncio.get_running_loop().create_future()
        self._asked.append((question, future))
        if len(self._asked) == 1:  # otherwise the thread is awake, or about to be
            self._some.set()
        return future

    def close(self) -> None:
        """Let the thread end when it has answered what was asked."""
        self._closed = True
        self._some.set()

    def _answer(self) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            if self._closed and not self._asked:
                return
            while self._asked:
                count = min(len(self._asked), _AT_ONCE)
                self._answer_some([self._asked.popleft() for _ in range(count)])

    def _answer_some(self, asked: list[tuple[Callable[[], Any], "asyncio.Future[Any]"]]) -> None:
        answers: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
        for question, future in asked:
            try:
                answers.append((future, question(), None))
            except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
                answers.append((future, None, error))
        try:
            asked[0][1].get_loop().call_soon_threadsafe(_give, answers)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits
            return


def _give(answers: list[tuple["asyncio.Future[Any]", Any, BaseException | None]]) -> None:
    for future, answer, error in answers:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)

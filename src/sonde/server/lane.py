"""A lane: one thread that answers questions in the order in which they come.

To wake a thread, and to be woken by it, costs more than a short answer. So the thread takes
all questions that have gathered meanwhile, and gives all their answers back at once: the more
is asked, the less each question costs.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

__all__ = ["Lane"]

_AT_ONCE = 16
_Answer = tuple["asyncio.Future[Any]", Any, BaseException | None]


class _Asked(NamedTuple):
    question: Callable[[], Any]
    future: "asyncio.Future[Any]"
    writes: bool


class Lane:
    """A thread for short questions, which ends with its process.

    Args:
        name: The thread's.
        together: Returns a block in which what is written is one transaction: answers to
            questions that write are given when it has ended.
        at_once: So many are answered at most before their answers are given back.
    """

    def __init__(
        self,
        name: str,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._together, self._at_once = together, at_once
        # Both sides use it at once: each of a deque's methods is one step.
        self._asked: deque[_Asked] = deque()
        self._some = threading.Event()
        self._closed = False
        self._answering = 0
        threading.Thread(target=self._answer, name=name, daemon=True).start()

    def ask(self, question: Callable[[], Any], *, writes: bool = False) -> "asyncio.Future[Any]":
        """Return what will be the answer; only on an event loop, and always on the same one."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._asked.append(_Asked(question, future, writes))
        if len(self._asked) == 1:  # otherwise the thread is awake, or about to be
            loop.call_soon(self._some.set)  # after what else has come in by now
        return future

    @property
    def waiting(self) -> int:
        """How many questions have not been answered, nearly."""
        return len(self._asked) + self._answering

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
                self._answering = count = min(len(self._asked), self._at_once)
                self._answer_some([self._asked.popleft() for _ in range(count)])
                self._answering = 0

    def _answer_some(self, asked: list[_Asked]) -> None:
        writing = [one for one in asked if one.writes]
        if len(writing) > 1:
            answers = [_answer(one) for one in asked if not one.writes]
            answers += self._answer_together(writing)
        else:
            answers = [_answer(one) for one in asked]
        try:
            asked[0].future.get_loop().call_soon_threadsafe(_give, answers)
        except RuntimeError:  # the loop was closed meanwhile: nobody waits
            return

    def _answer_together(self, asked: list[_Asked]) -> list[_Answer]:
        """Answer in one transaction: none of it holds unless all of it is kept."""
        answers: list[_Answer] = []
        try:
            with self._together():
                answers += [_answer(one) for one in asked]
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
            answers = [(one.future, None, error) for one in asked]
        return answers


def _answer(asked: _Asked) -> _Answer:
    try:
        return asked.future, asked.question(), None
    except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
        return asked.future, None, error


def _give(answers: list[_Answer]) -> None:
    for future, answer, error in answers:
        if future.cancelled():
            continue
        if error is None:
            future.set_result(answer)
        else:
            future.set_exception(error)

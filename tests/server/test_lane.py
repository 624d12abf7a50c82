"""A lane answers all that is asked, and gives what shares a transaction only when it is kept."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sonde.errors import StoreError
from sonde.server.lane import Lane


class Book:
    """What is written together, and whether it can be kept."""

    def __init__(self) -> None:
        self.open: list[int] = []
        self.kept: list[list[int]] = []
        self.is_full = False

    @contextmanager
    def together(self) -> Iterator[None]:
        self.open = []
        yield
        if self.is_full:
            raise StoreError("the disk is full")
        self.kept.append(self.open)

    def write(self, number: int) -> int:
        self.open.append(number)
        if number % 10 == 7:
            raise ValueError(number)
        return number


def asked(book: Book, numbers: list[int], *, writes: bool = True) -> list[object]:
    """What is answered to questions that are asked at once."""

    async def ask() -> list[object]:
        lane = Lane("test", book.together)
        futures = [
            lane.ask(lambda number=number: book.write(number), writes=writes)  # type: ignore[misc]
            for number in numbers
        ]
        try:
            return list(await asyncio.gather(*futures, return_exceptions=True))
        finally:
            lane.close()

    return asyncio.run(ask())


def test_writes_that_come_at_once_share_transactions_and_each_has_its_own_answer() -> None:
    book = Book()
    answers = asked(book, list(range(40)))
    assert [one for one in answers if isinstance(one, int)] == [
        number for number in range(40) if number % 10 != 7
    ]
    assert [str(one) for one in answers if isinstance(one, ValueError)] == ["7", "17", "27", "37"]
    assert sorted(number for group in book.kept for number in group) == list(range(40))
    assert len(book.kept) < 10


def test_nobody_is_told_of_what_could_not_be_kept() -> None:
    book = Book()
    book.is_full = True
    answers = asked(book, [1, 2, 3])
    assert [type(one) for one in answers] == [StoreError] * 3


@pytest.mark.parametrize("numbers", [[1], []])
def test_what_is_asked_alone_shares_nothing(numbers: list[int]) -> None:
    book = Book()
    assert asked(book, numbers) == numbers
    assert book.kept == []


def test_questions_that_only_read_share_nothing() -> None:
    book = Book()
    assert asked(book, [1, 2, 3], writes=False) == [1, 2, 3]
    assert book.kept == []

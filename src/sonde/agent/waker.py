"""What an agent waits for: time, a child that ended, a signal, its parent's end, an answer."""

import os
import selectors
import signal
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Waker"]


class Waker:
    """Sleeps until something happens. A context manager: handlers are put back at its end.

    Attributes:
        interrupts: How often SIGINT came.
        terminations: How often SIGTERM or SIGHUP came.
        parent_gone: Whether the parent's pipe was closed.
    """

    def __init__(self, parent_fd: int | None) -> None:
        self.interrupts = 0
        self.terminations = 0
        self.parent_gone = False
        self._parent_fd = parent_fd
        self._selector = selectors.DefaultSelector()
        self._reading, self._writing = os.pipe()
        for fd in (self._reading, self._writing):
            os.set_blocking(fd, False)
        self._selector.register(self._reading, selectors.EVENT_READ)
        if parent_fd is not None:
            self._selector.register(parent_fd, selectors.EVENT_READ)
        self._handlers: dict[int, object] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._wakeup_before = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
                self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handlers:
            signal.set_wakeup_fd(self._wakeup_before)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)  # type: ignore[arg-type]
        self._selector.close()
        os.close(self._reading)
        os.close(self._writing)

    def wait(self, timeout_s: float) -> None:
        """Sleep until something happens, at most so long."""
        for key, _ in self._selector.select(max(0.0, timeout_s)):
            if key.fd == self._reading:
                with suppress(BlockingIOError):
                    os.read(self._reading, 4096)
            elif key.fd == self._parent_fd and not self._read_parent():
                self.parent_gone = True
                self._selector.unregister(key.fd)

    def wake(self) -> None:
        """Wake whoever waits; from any thread, while this is open."""
        with suppress(BlockingIOError):  # full: it wakes as it is
            os.write(self._writing, b"\0")

    def add(self, fd: int) -> None:
        """Wake also when this can be read."""
        self._selector.register(fd, selectors.EVENT_READ)

    def remove(self, fd: int) -> None:
        """Do so no more."""
        with suppress(KeyError):
            self._selector.unregister(fd)

    def _read_parent(self) -> bool:
        """Nothing is ever written there, so to read means that it was closed."""
        try:
            return bool(os.read(self._parent_fd or 0, 1))
        except OSError:
            return False

    def _note(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.interrupts += 1
        elif number != signal.SIGCHLD:
            self.terminations += 1

"""Ports for servers that have to be told one."""

import random
import socket

__all__ = ["free_port"]


def free_port() -> int:
    """Return a port of this machine that nobody has now.

    Not one of those that systems hand out by themselves, from 32768 on: between now and when the
    server takes it, any connection might get it.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

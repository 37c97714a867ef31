"""The fork server outlives what happens to the lines of its supervisors."""

import socket
from selectors import EVENT_READ

from services.settings import Settings
from worker.fork_server import ForkServer


def test_a_line_that_another_event_of_the_round_closed_is_passed_over() -> None:
    with socket.socket() as listener:
        warm = ForkServer(listener, Settings(), 0)
        pairs = [socket.socketpair() for _ in range(2)]
        heard: list[int] = []

        def close_the_other(n: int) -> None:
            heard.append(n)
            warm._close(pairs[1 - n][0])

        for n, (ours, theirs) in enumerate(pairs):
            warm.selector.register(ours, EVENT_READ, lambda n=n: close_the_other(n))  # type: ignore[misc]
            theirs.send(b"both are ready")

        warm.look(timeout_s=0.0)

        assert len(heard) == 1
        for pair in pairs:
            for end in pair:
                end.close()

"""Threads are made when all others are busy, and taken again when idle."""

import threading

from api.permits import Permits, aside
from api.threads import Threads
from tests.hold import until


def test_a_call_runs_while_all_earlier_ones_wait() -> None:
    threads, go, ran = Threads(10), threading.Event(), threading.Event()
    for _ in range(9):
        threads.run(lambda: _wait(go))

    threads.run(ran.set)

    assert ran.wait(5)
    go.set()


def test_beyond_the_most_a_call_waits_for_the_end_of_another() -> None:
    threads, go, ran = Threads(2), threading.Event(), threading.Event()
    for _ in range(2):
        threads.run(lambda: _wait(go))
    threads.run(ran.set)

    waited = not ran.wait(0.2)
    go.set()

    assert waited
    assert ran.wait(5)


def test_calls_one_after_another_take_the_same_thread_which_ends_when_idle() -> None:
    threads, names = Threads(10), list[int]()
    for n in range(5):
        threads.run(lambda: names.append(threading.get_ident()))
        until(lambda n=n: len(names) == n + 1 and threads.idle == 1)
    assert len(set(names)) == 1

    threads.idle_s = 0.0
    threads.run(lambda: None)  # after which it waits as long as is said now

    until(lambda: threads.count == 0)


def test_who_waits_gives_the_turn_to_others() -> None:
    turns, go, worked = Permits(1), threading.Event(), threading.Event()

    def wait() -> None:
        with turns.taken(), aside():
            go.wait(5)

    def work() -> None:
        with turns.taken():
            worked.set()

    for call in (wait, work):
        threading.Thread(target=call, daemon=True).start()

    assert worked.wait(5)
    go.set()


def _wait(event: threading.Event) -> None:
    event.wait(5)

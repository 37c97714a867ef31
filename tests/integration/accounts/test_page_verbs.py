"""What a key may not do is switched off on the pages, with the reason in words."""

import re

import pytest

from services.queue.workers import Sign
from services.wiring.base import Base
from tests.integration.accounts.clients import ClientOf
from tests.make import make_job

HTML = {"Accept": "text/html"}
#: What only reads, or leaves.
ALWAYS = {"Find", "Log out", "Keep", "Close", "Use it", "Compare", "Add", "Draw", "Predict", "Predict the rows", ""}
ALWAYS |= {"Download with predictions"}


def _buttons(text: str) -> dict[str, bool]:
    """Return the buttons of forms by their words, and whether each can be pressed."""
    found = re.findall(r"<button(?![^>]*type=\"button\")([^>]*)>([^<]*)</button>", text)
    return {words: " disabled" not in attributes for attributes, words in found if words not in ALWAYS}


@pytest.mark.parametrize(
    ("scopes", "works", "may_drain"),
    [(("read",), False, False), ((), True, False), (("read", "submit", "admin"), True, True)],
    ids=["read only", "as usual", "admin"],
)
def test_buttons_work_where_the_key_may_do_what_they_do(
    client_of: ClientOf, joined: Base, scopes: tuple[str, ...], works: bool, may_drain: bool
) -> None:
    joined.workers.seen(Sign("cpu-1@host", "cpu", 1, {}))
    job = make_job(joined, owner="alice")
    client = client_of("alice", *scopes)
    pages = ["/", f"/jobs/{job.id}", f"/jobs/{job.id}?tab=spec", "/datasets", "/new?builtin=iris", "/queue"]

    shown = {path: client.get(path, headers=HTML).text for path in pages}

    found = {words: on for text in shown.values() for words, on in _buttons(text).items()}
    assert found.pop("Drain") is found.pop("Pause the queue") is may_drain
    assert {"Cancel", "Delete", "Save", "Upload", "Start job", "Set"} <= set(found)
    assert set(found.values()) == {works}
    assert all(("are disabled" in text) is not works for text in shown.values())

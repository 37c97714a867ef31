"""Whatever a reader is sent, it reads or refuses in our words. READER_EXAMPLES sets how much is tried."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import CORPUS, READERS

EXAMPLES = int(os.environ.get("READER_EXAMPLES", "40"))
FINDS = sorted(CORPUS.glob("*/*"))
#: A place in a whole file, how many bytes go there, and what comes instead.
EDIT = st.tuples(st.integers(0, 4_095), st.integers(0, 8), st.binary(max_size=8))


def edited(whole: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Return a file with some of its bytes exchanged."""
    for place, gone, come in edits:
        at = place % (len(whole) + 1)
        whole = whole[:at] + come + whole[at + gone :]
    return whole


@pytest.mark.parametrize("reader", READERS)
def test_a_whole_file_is_read(reader: str) -> None:
    read, wholes = READERS[reader]

    assert [read(whole) for whole in wholes] == [True] * len(wholes)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=EXAMPLES)
@given(st.data())
def test_a_file_with_bytes_exchanged_is_read_or_refused(reader: str, data: st.DataObject) -> None:
    read, wholes = READERS[reader]

    read(edited(data.draw(st.sampled_from(wholes)), data.draw(st.lists(EDIT, min_size=1, max_size=4))))


@pytest.mark.parametrize("find", FINDS, ids=[path.relative_to(CORPUS).as_posix()[:40] for path in FINDS])
def test_what_atheris_found_is_read_or_refused(find: Path) -> None:
    read, _ = READERS[find.parent.name]

    read(find.read_bytes())

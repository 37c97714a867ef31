"""F32: a large checkpoint is stored in short transactions and in little memory."""

import tracemalloc

from sqlalchemy import event

from services.attempts import checkpoint_uploads, checkpoints
from services.attempts.checkpoints import Draft
from services.wiring.base import Base
from tests.integration.services.test_recorder import begin

MB = 1 << 20
SIZE, PIECE = 24 * MB, MB


def test_no_transaction_holds_more_than_a_piece(joined: Base) -> None:
    work = begin(joined)
    content = bytes(range(256)) * (SIZE // 256)
    draft = Draft.of("last", 0, 0, {}, content)
    database = joined.database
    pieces = [0]  #: inserted by each transaction

    @event.listens_for(database.engine, "begin")
    def begun(connection: object) -> None:
        pieces.append(0)

    @event.listens_for(database.engine, "before_cursor_execute")
    def executed(connection: object, cursor: object, statement: str, *more: object) -> None:
        pieces[-1] += "INSERT INTO checkpoint_chunks" in statement

    tracemalloc.start()
    checkpoint_uploads.upload(database, draft, work.job_id, work.attempt, PIECE)
    with database.transaction() as session:
        checkpoints.store(session, draft, work.job_id, work.attempt, uploaded=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (max(pieces), sum(pieces)) == (1, SIZE // PIECE)
    assert peak < 8 * MB
    with database.reading() as session:
        assert checkpoints.content(session, draft.id, draft.sha256, None) == content

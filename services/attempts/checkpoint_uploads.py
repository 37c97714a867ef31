"""Large checkpoints on their way: each is written outside of the flush, which then only makes it the job's."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import insert, select

from services.attempts import checkpoints
from services.attempts.checkpoint_objects import CheckpointObjects
from services.attempts.checkpoints import Draft
from services.db.engine import Database
from services.db.tables import CheckpointChunk
from services.errors import CheckpointCorrupt


def upload_object(database: Database, draft: Draft, job_id: str, attempt: int, to: CheckpointObjects) -> None:
    """Store a large checkpoint in a bucket, outside of any transaction; `make_ready` makes it the job's.

    Raises: Fenced when another attempt owns the job; NotReady.
    """
    with database.transaction() as session:
        checkpoints.fence(session, job_id, attempt)
        checkpoints.add(session, draft, job_id, attempt, "uploading")
    to.store(draft.id, draft.sha256, draft.content)


def upload(database: Database, draft: Draft, job_id: str, attempt: int, chunk_bytes: int) -> None:
    """Store a large checkpoint piece by piece, each in a short transaction, so that no other writer waits for it.

    What was stored is read again at the end, outside of any transaction.

    Raises: Fenced when another attempt owns the job; CheckpointCorrupt when other bytes are there than were sent.
    """
    with database.transaction() as session:
        checkpoints.fence(session, job_id, attempt)
        checkpoints.add(session, draft, job_id, attempt, "uploading")
    pieces = 0
    for n, piece in enumerate(_pieces(draft.content, chunk_bytes)):
        with database.transaction() as session:
            checkpoints.fence(session, job_id, attempt)
            session.execute(insert(CheckpointChunk).values(checkpoint_id=draft.id, n=n, data=piece))
        pieces = n + 1
    found = hashlib.sha256()
    with database.reading() as session:
        mine = select(CheckpointChunk.data).where(CheckpointChunk.checkpoint_id == draft.id)
        for n in range(pieces):
            found.update(session.scalar(mine.where(CheckpointChunk.n == n)) or b"")
    if found.hexdigest() != draft.sha256:
        raise CheckpointCorrupt("The uploaded pieces are not the ones that were sent.")


def _pieces(content: bytes, chunk_bytes: int) -> Iterator[bytes]:
    for start in range(0, len(content), chunk_bytes):
        yield content[start : start + chunk_bytes]

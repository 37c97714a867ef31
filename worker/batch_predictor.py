"""What a forked trainer does of a claimed batch prediction: pieces from the first that is missing, then one file."""

import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from services.batches import batch_recorder
from services.batches.batch_views import Piece
from services.batches.output_files import output_name, piece_name
from services.db.engine import Database
from services.errors import CheckpointCorrupt
from services.faultpoint import faultpoint
from services.predictions.formats.pieces import assemble
from services.queue.claims import Claim
from services.settings import Settings
from services.training_errors import Fenced, StopRequested, TrainingFault, WeightsUnreadable
from services.wiring import batch_predictor as wiring
from worker import outcome
from worker.memory_exit import memory_exit
from worker.stop_request import StopRequest
from worker.trainer import Watch, away

DISK_WAIT_S = 1.0  #: pause before another look at a full disk


def run(prediction_id: str, attempt: int, settings: Settings, watch: Watch) -> int:
    """Go on with a claimed batch prediction and record how it ended. Return the exit code for the supervisor."""
    database = Database(settings, pool_size=1)
    try:
        watch.report("loading data")
        batch = _opened(prediction_id, attempt, settings, database, watch)
        pieces = _predicted(batch, _whole(batch), watch)
        _finish(batch, pieces, watch)
    except Fenced:
        return outcome.FENCED  # another attempt owns the row, or it was deleted: write nothing
    except StopRequested as stop:
        return StopRequest(stop.detail).exit_code  # what is whole is recorded already
    except TrainingFault as fault:
        batch_recorder.fail(database, prediction_id, attempt, fault)
        return outcome.USER_FAULT
    except (MemoryError, RuntimeError) as error:
        traceback.print_exc()
        return memory_exit(error)
    finally:
        database.close()
    return outcome.DONE


def _opened(prediction_id: str, attempt: int, settings: Settings, database: Database, watch: Watch) -> wiring.Batch:
    """Return the claimed batch prediction.

    Raises: Fenced; TrainingFault.
    """
    try:
        awaited = away(settings)
        work = wiring.loaded(database, settings, Claim(prediction_id, attempt), lambda: watch.report(awaited))
        return wiring.batch(settings, database, work, watch, lambda: watch.report(awaited))
    except CheckpointCorrupt as error:
        raise WeightsUnreadable(error.detail) from error


def _whole(batch: wiring.Batch) -> list[Piece]:
    """Return the recorded pieces whose files are whole, up to the first that is not; forget the others."""
    work, found = batch.work, list[Piece]()
    for piece in work.pieces:
        if piece.n != len(found) or not batch.files.is_whole(work.prediction_id, piece.name, piece.sha256):
            batch.recorder.forget_from(len(found), sum(piece.rows for piece in found))
            break
        found.append(piece)
    return found


def _predicted(batch: wiring.Batch, pieces: list[Piece], watch: Watch) -> list[Piece]:
    """Predict the rows after those pieces; return all pieces.

    Raises: StopRequested; Fenced; TrainingFault.
    """
    work = batch.work
    done = sum(piece.rows for piece in pieces)
    while done < work.total_rows:
        if watch.asked is StopRequest.YIELD:
            raise StopRequested(StopRequest.YIELD)
        began = time.monotonic()
        rows, n = min(work.piece_rows, work.total_rows - done), len(pieces)
        content = batch.run.piece(done, rows)
        while batch.disk.is_full:
            watch.report("waiting for room on the disk")
            time.sleep(DISK_WAIT_S)
        name = piece_name(n, work.attempt)
        piece = Piece(n, rows, name, len(content), batch.files.write(work.prediction_id, name, content))
        faultpoint("prediction.piece")
        done += rows
        batch.recorder.piece(piece, rows_done=done, seconds=time.monotonic() - began)
        pieces.append(piece)
        watch.report("predicting")
    return pieces


def _finish(batch: wiring.Batch, pieces: list[Piece], watch: Watch) -> None:
    """Make one file of all pieces and record it.

    Raises: Fenced.
    """
    work, files = batch.work, batch.files
    name = output_name(work.format, work.attempt)
    target = files.path(work.prediction_id, name)
    size, sha256 = assemble(_told(batch, pieces, watch), target, work.format)
    files.store(work.prediction_id, name, sha256)
    faultpoint("prediction.assembled")
    batch.recorder.succeed(name, size, sha256)
    files.keep_only(work.prediction_id, name)


def _told(batch: wiring.Batch, pieces: list[Piece], watch: Watch) -> Iterator[Path]:
    """Yield the files of all pieces, and tell the supervisor of each that this goes on."""
    for piece in pieces:
        watch.report("saving")
        yield batch.files.path(batch.work.prediction_id, piece.name)

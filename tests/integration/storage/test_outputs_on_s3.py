"""Outputs of batch predictions in a bucket: begun on one host, finished on another, downloaded from a third."""

import socket
from contextlib import closing

import obstore
import pytest

from services.batches.batch_views import BatchView
from services.errors import NotFound
from services.wiring.base import Base
from tests.batches import OWNER, numbers, queued, trained, upload
from tests.integration.storage.conftest import Hosts
from worker import batch_predictor, outcome
from worker.stop_request import StopRequest
from worker.trainer import Watch

ROWS = 40


class StopsAfter(Watch):
    """Is asked to let others go first after so many pieces."""

    def __init__(self, pieces: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.close()
        super().__init__(theirs.detach())
        self.left = pieces

    def report(self, phase: str) -> None:
        """Count the pieces."""
        self.left -= phase == "predicting"
        if not self.left:
            self.asked = StopRequest.YIELD


def predict(host: Base, prediction_id: str, pieces: int = 100) -> int:
    """Do the work of the next claim on a host, so many pieces of it at most."""
    claim = host.batches.claims.claim("cpu", "test")
    assert claim is not None
    assert claim.job_id == prediction_id
    watch = StopsAfter(pieces)
    with closing(watch.channel):
        code = batch_predictor.run(prediction_id, claim.attempt, host.settings, watch)
    if code == StopRequest.YIELD.exit_code:
        host.batches.lifecycle.yielded(claim)
    return code


def output(host: Base, prediction_id: str) -> bytes:
    """Return the output as a host hands it out."""
    return host.batches.predictions.output(OWNER, prediction_id)[1].read_bytes()


@pytest.fixture
def api(hosts: Hosts) -> Base:
    """The host that takes everything in."""
    return hosts.host("api")


@pytest.fixture
def begun(hosts: Hosts, api: Base) -> tuple[BatchView, bytes]:
    """A batch prediction of which a host that is gone made two of four pieces, and what it has to come to."""
    job, rows = trained(api), upload(api, numbers(ROWS))
    calm, view = (queued(api, job, rows, piece_rows=ROWS // 4) for _ in range(2))
    assert predict(hosts.host("first"), calm.id) == outcome.DONE
    assert predict(hosts.host("first"), view.id, pieces=2) == StopRequest.YIELD.exit_code
    assert api.batches.predictions.get(OWNER, view.id).rows_done == ROWS // 2
    return view, output(api, calm.id)


def test_another_host_goes_on_where_the_first_stopped(hosts: Hosts, api: Base, begun: tuple[BatchView, bytes]) -> None:
    view, expected = begun
    pieces = [name for name in hosts.names if f"{view.id}/piece-" in name]

    assert predict(hosts.host("second"), view.id) == outcome.DONE

    assert len(pieces) == 2
    assert output(api, view.id) == expected
    assert len([name for name in hosts.names if view.id in name]) == 1
    assert api.batches.predictions.get(OWNER, view.id).attempt == 2


def test_a_piece_that_is_not_as_it_was_stored_is_made_again(
    hosts: Hosts, api: Base, begun: tuple[BatchView, bytes]
) -> None:
    view, expected = begun
    obstore.put(hosts.s3.objects(hosts.prefix), hosts.name(f"{view.id}/piece-0000001"), b"1\n2\n3\n")

    assert predict(hosts.host("second"), view.id) == outcome.DONE

    assert output(api, view.id) == expected


def test_an_output_with_other_bytes_is_not_handed_out(hosts: Hosts, api: Base, begun: tuple[BatchView, bytes]) -> None:
    view, expected = begun
    assert predict(hosts.host("second"), view.id) == outcome.DONE
    obstore.put(hosts.s3.objects(hosts.prefix), hosts.name(f"{view.id}/output-"), b"1\n2\n3\n")

    with pytest.raises(NotFound, match="SHA-256 differs"):
        output(api, view.id)
    assert output(hosts.host("second"), view.id) == expected  # it has its own


def test_what_is_deleted_while_the_bucket_is_away_goes_with_a_sweep(hosts: Hosts) -> None:
    api, impatient = hosts.host("api"), hosts.impatient("api")
    job, rows = trained(api), upload(api, numbers(ROWS))
    view = queued(api, job, rows, piece_rows=ROWS)
    assert predict(hosts.host("first"), view.id) == outcome.DONE
    hosts.s3.stop()
    impatient.batches.predictions.delete(OWNER, view.id)
    hosts.s3.resume()

    assert [name for name in hosts.names if view.id in name]
    hosts.host("dispatcher").batches.predictions.sweep(older_than_s=-60)
    assert not [name for name in hosts.names if view.id in name]


def test_what_is_deleted_goes_from_the_bucket_at_once_or_with_the_next_sweep(
    hosts: Hosts, api: Base, begun: tuple[BatchView, bytes]
) -> None:
    view, _ = begun
    api.batches.predictions.delete(OWNER, view.id, force=True)
    assert not [name for name in hosts.names if view.id in name]

    obstore.put(hosts.s3.objects(hosts.prefix), f"predictions/{view.id}/piece-0000002-1-late", b"of a fenced trainer")
    api.batches.predictions.sweep()
    assert [name for name in hosts.names if view.id in name]  # not old yet
    api.batches.predictions.sweep(older_than_s=-60)
    assert not [name for name in hosts.names if view.id in name]

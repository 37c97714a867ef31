"""Exports in a bucket: built on one host, handed out by another, removed with their job."""

import obstore
import pytest

from services.exports.exports import ExportService
from services.exports.formats import Format
from services.wiring import stored_files
from services.wiring.base import Base
from tests.integration.storage.conftest import Hosts
from tests.make import make_job, train

OWNER = "local"


def export(host: Base, job: str) -> bytes:
    """Return a job's weights as another format has them; they are made at once if nobody has made them."""
    _, ready = ExportService(host.jobs.lookup, host.datasets, host.files.exports).export(
        OWNER, job, Format.STATE_DICT, "best"
    )
    assert ready
    return ready.path.read_bytes()


@pytest.fixture
def api(hosts: Hosts) -> Base:
    """The host that trains and builds."""
    return hosts.host("api")


def test_what_one_host_built_another_has_until_the_job_is_deleted(hosts: Hosts, api: Base) -> None:
    job, other = train(api, make_job(api).id).id, hosts.host("other").files.exports
    built = export(api, job)
    name = hosts.name(".pt.json").removesuffix(".json").rpartition("/")[2]

    found = other.find(job, name)
    assert found
    assert found.path.read_bytes() == built
    assert (found.difference, found.rows > 0) == (0.0, True)

    api.jobs.commands.delete(OWNER, job)
    assert not [each for each in hosts.names if each.startswith("exports/")]
    assert hosts.host("third").files.exports.find(job, name) is None


def test_another_file_than_was_stored_is_not_handed_out_but_built_again(hosts: Hosts, api: Base) -> None:
    job = train(api, make_job(api).id).id
    built = export(api, job)
    (key,) = [each for each in hosts.names if each.startswith("exports/") and not each.endswith(".json")]
    obstore.put(hosts.s3.objects(hosts.prefix), key, b"other bytes")

    assert export(hosts.host("other"), job) == built


def test_while_the_bucket_is_away_each_host_builds_its_own(hosts: Hosts) -> None:
    api, impatient = hosts.host("api"), hosts.impatient("api")
    job = train(api, make_job(api).id).id
    hosts.s3.stop()

    assert export(impatient, job)
    hosts.s3.resume()
    assert not [each for each in hosts.names if each.startswith("exports/")]


def test_the_oldest_make_way_when_there_are_too_many(hosts: Hosts, api: Base) -> None:
    first, second = (train(api, make_job(api).id).id for _ in range(2))
    for job in (first, second):
        export(api, job)

    stored_files.exports(hosts.settings("api")).sweep()
    assert len([each for each in hosts.names if each.startswith("exports/")]) == 4
    stored_files.exports(hosts.settings("api", max_export_bytes=0)).sweep()
    assert not [each for each in hosts.names if each.startswith("exports/")]

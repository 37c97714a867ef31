"""What compose.prod.yaml makes of the stack: closed, limited, watched, backed up, and refused without a domain."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.settings import child_environment

ROOT = Path(__file__).parents[2]
OURS = {"migrate", "api", "dispatcher", "worker", "backup"}
CONFIG = ["docker", "compose", "-f", "compose.yaml", "-f", "compose.prod.yaml", "config", "--format", "json"]

pytestmark = pytest.mark.compose


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services as Compose understands them."""
    environ = child_environment(BATCHYARD_DOMAIN="train.example.org")
    done = subprocess.run(CONFIG, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    return found


def test_without_a_domain_it_says_what_is_missing() -> None:
    done = subprocess.run(CONFIG, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode != 0
    assert "the name that clients use, such as train.example.org" in done.stderr


def test_only_the_proxy_is_published_and_the_api_has_no_way_out(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if service.get("ports")] == ["proxy"]
    assert set(services["api"]["networks"]) == {"backend", "front"}
    assert services["api"]["environment"]["BATCHYARD_AUTH"] == "keys"


def test_no_password_stands_in_the_environment(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            assert "PASSWORD" not in variable or variable.endswith("_FILE") or not value, (name, variable)
        assert "local-only" not in json.dumps(service), name


def test_every_service_is_limited_watched_and_restarted(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert int(limits["memory"]) > 0, name
        assert limits["pids"] > 0, name
        assert service["restart"] == ("no" if name == "migrate" else "always")
        assert service["logging"]["options"]["max-size"] == "10m", name
        assert ("healthcheck" in service) is (name != "migrate"), name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_our_own_containers_are_no_roots(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        assert services[name]["user"] == "10001:10001"
        assert "cap_add" not in services[name]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]

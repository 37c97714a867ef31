"""The Helm chart as Helm itself renders it, against Kubernetes' own schemas, our settings and our metrics."""

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from api.metrics import DEVICE_GAUGES
from deploy.render import VALUES
from services.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "chart"
HELM = shutil.which("helm", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
OLDEST, NEWEST = "1.27", "1.37"  #: releases of Kubernetes
#: With a GPU, KEDA, an Ingress and a claim of one's own.
ALL = """
ingress: {enabled: true, className: nginx, tlsSecret: tls, annotations: {a/b: "c"}}
autoscaling: {enabled: true, minReplicas: 0, prometheus: "http://prometheus:9090"}
storage: {existingClaim: data}
image: {pullSecrets: [registry]}
settings: {BATCHYARD_KEEP_JOBS_DAYS: "90"}
workers:
  - {name: cpu, device: cpu, slots: 2}
  - name: gpu
    device: cuda
    slots: 1
    processes: 2
    resources: {limits: {nvidia.com/gpu: 2}}
    nodeSelector: {gpu: "yes"}
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
"""

pytestmark = pytest.mark.skipif(
    HELM is None, reason="Helm can't be had for this machine, so the chart is not rendered: deploy/install_helm.py"
)


def helm(*arguments: str, values: str = "", **without: None) -> "subprocess.CompletedProcess[str]":
    """Run Helm with the values that have to be given, but for some."""
    given = [f"--set={name}={value}" for name, value in VALUES.items() if name not in without]
    command = [str(HELM), *arguments, str(CHART), "--values=-", *given]
    return subprocess.run(command, input=values, capture_output=True, text=True, check=False)


def rendered(values: str = "") -> str:
    """Return what the chart comes to."""
    found = helm("template", "batchyard", values=values)
    assert found.returncode == 0, found.stderr
    return found.stdout


def objects(values: str = "") -> list[dict[str, Any]]:
    """Return the objects that the chart comes to."""
    return [one for one in yaml.safe_load_all(rendered(values)) if one]


def pods(values: str) -> dict[str, dict[str, Any]]:
    """Return the pods' specs by the name of what makes them."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in objects(values)
        if one["kind"] in {"Deployment", "Job"}
    }


@pytest.mark.parametrize("values", ["", ALL], ids=["least", "all"])
def test_helm_finds_nothing_to_complain_of(values: str) -> None:
    found = helm("lint", "--strict", values=values)

    assert found.returncode == 0, found.stdout + found.stderr
    assert "WARNING" not in found.stdout


@pytest.mark.parametrize("values", ["", ALL], ids=["least", "all"])
def test_every_object_is_one_of_kubernetes(values: str) -> None:
    found = [one for one in objects(values) if one["kind"] != "ScaledObject"]  # that is KEDA's

    for one in found:
        for release in (OLDEST, NEWEST):
            assert kubernetes_validate.validate(one, release, strict=True) == release
    assert {one["kind"] for one in found} >= {"Deployment", "Job", "Service", "PodDisruptionBudget"}


def test_every_pod_is_confined_and_sees_no_variables_of_services() -> None:
    found = pods(ALL)

    assert set(found) == {f"batchyard-{part}" for part in ("api", "dispatcher", "migrate", "worker-cpu", "worker-gpu")}
    for pod in found.values():
        (container,) = pod["containers"]
        assert pod["enableServiceLinks"] is False  # BATCHYARD_API_SERVICE_HOST is no setting, and would stop the start
        assert (pod["securityContext"]["runAsNonRoot"], pod["automountServiceAccountToken"]) == (True, False)
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        volumes = {volume["name"] for volume in pod["volumes"]}
        assert volumes == {mount["name"] for mount in container["volumeMounts"]}


def test_every_variable_is_a_setting_and_the_settings_are_read() -> None:
    known = {PREFIX + one.name.upper() for one in fields(Settings)}

    for name, pod in pods(ALL).items():
        given = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
        ours = {variable.removesuffix("_FILE") for variable in given if variable.startswith(PREFIX)}
        assert ours <= known, name
        settings = Settings.from_env({key: value for key, value in given.items() if not key.endswith("_FILE")})
        settings.check_doors()
        assert settings.keep_jobs_days == 90
        if name == "batchyard-worker-gpu":
            assert (settings.worker_slots, settings.worker_processes) == (1, 2)


def test_selectors_and_names_meet() -> None:
    found = objects(ALL)
    labels = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"]
        for one in found
        if one["kind"] == "Deployment"
    }

    for one in found:
        if one["kind"] == "Deployment":
            assert one["spec"]["selector"]["matchLabels"] == labels[one["metadata"]["name"]]
            assert ("replicas" in one["spec"]) == ("worker" not in one["metadata"]["name"])  # KEDA sets those
        if one["kind"] == "Service":
            assert [name for name, of in labels.items() if of == one["spec"]["selector"]] == ["batchyard-api"]
        if one["kind"] == "ScaledObject":
            assert one["spec"]["scaleTargetRef"]["name"] in labels
    assert len({tuple(sorted(of.items())) for of in labels.values()}) == len(labels) == 4


def test_autoscaling_asks_for_metrics_that_there_are() -> None:
    scaled = [one for one in objects(ALL) if one["kind"] == "ScaledObject"]

    triggers = [one["spec"]["triggers"][0]["metadata"] for one in scaled]
    assert [(one["serverAddress"], one["threshold"]) for one in triggers] == [
        ("http://prometheus:9090", "2"),
        ("http://prometheus:9090", "1"),
    ]
    asked = {name for one in triggers for name in re.findall(r"batchyard_(\w+)", one["query"])}
    assert asked == {"queue_jobs", "jobs_running"} <= set(DEVICE_GAUGES)
    assert ['device="cuda"' in one["query"] for one in triggers] == [False, True]


@pytest.mark.parametrize("name", list(VALUES))
def test_what_has_to_be_given_is_asked_for(name: str) -> None:
    found = helm("template", "batchyard", **{name: None})

    assert found.returncode != 0
    assert name.rpartition(".")[2] in found.stderr


def test_a_password_in_the_url_is_refused() -> None:
    assert helm("template", "b", "--set=databaseUrl=postgresql+psycopg://u:secret@db/x", databaseUrl=None).returncode


def test_the_plain_manifests_are_what_the_chart_comes_to() -> None:
    plain = (ROOT / "deploy" / "kubernetes.yaml").read_text()

    assert plain.partition("---\n")[2] == rendered().partition("---\n")[2], "run: make manifests"

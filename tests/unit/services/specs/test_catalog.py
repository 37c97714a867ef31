"""The catalog tells what the models check."""

from services.specs.schema.catalog import catalog
from services.specs.schema.job import JobSpec
from services.specs.schema.json_schema import job_schema


def test_the_catalog_tells_the_parameters_of_an_optimizer():
    adamw = next(entry for entry in catalog()["optimizers"] if entry["type"] == "adamw")
    assert adamw["doc"] == "Adam with decoupled weight decay; a safe default."
    lr = adamw["parameters"][0]
    assert lr == {"name": "lr", "type": "number", "default": 0.001, "exclusive_minimum": 0, "doc": "Step size."}


def test_every_model_loss_and_optimizer_of_the_catalog_is_accepted_by_its_name():
    told = catalog()
    for kind, key in (
        ("models", "model"),
        ("losses", "loss"),
        ("optimizers", "optimizer"),
        ("schedulers", "scheduler"),
    ):
        by_name = [it for it in told[kind] if not any(parameter.get("required") for parameter in it["parameters"])]
        assert len(by_name) > 3
        for entry in by_name:
            spec = {"data": {"builtin": "iris"}, "model": "mlp", key: entry["type"]}
            assert getattr(JobSpec.model_validate(spec), key).type == entry["type"]


def test_the_sample_tables_are_those_of_the_decisions():
    names = {entry["type"] for entry in catalog()["builtin"]}
    assert names == {"iris", "wine", "breast_cancer", "digits", "diabetes"}


def test_the_schema_for_editors_knows_every_key_of_a_spec():
    assert set(job_schema()["properties"]) == set(JobSpec.model_fields)

"""What the API asks of models and plug-ins. The first call imports torch, unless somebody did before."""

from typing import Any

from services.columns import TableInfo
from services.specs.resolve.facts import Shapes
from services.specs.schema.data import PluginData
from services.specs.schema.job import JobSpec


def measure(spec: JobSpec, info: TableInfo) -> dict[str, Any]:
    """Return the parameters and shapes of a spec's model.

    Raises: InvalidRequest that names the layer that does not fit what reaches it.
    """
    from services.training.model_summary import summary

    return summary(spec, info)


def shapes(spec: JobSpec, info: TableInfo) -> Shapes | None:
    """Return the shapes of a spec's weights by name, None for a plug-in."""
    from services.training import model_summary

    return model_summary.shapes(spec, info)


def look(plugin: PluginData) -> tuple[TableInfo, str]:
    """Return the columns and the SHA-256 of a plug-in's data.

    Raises: PluginError.
    """
    from services.training.input import plugin_data

    return plugin_data.look(plugin)


def weights_sha256(content: bytes) -> str:
    """Return the digest of a checkpoint's weights."""
    from services.training.predictor import Predictor

    return Predictor.from_bytes(content).weights_sha256

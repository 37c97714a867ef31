"""A model in MLflow's format: a folder that `mlflow.pyfunc.load_model` reads, with nothing in it that is pickled."""

import importlib.util
import json
import platform
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from services.exports.archive import zipped
from services.exports.card import card
from services.exports.samples import Samples
from services.exports.scripts.assembly import Assembly
from services.exports.scripts.net_source import net_source
from services.exports.subject import Subject
from services.exports.verification import difference
from services.exports.weight_files import safetensors_bytes

MODULE = "batchyard_model"
LOADER = '''def _load_pyfunc(path: str) -> TableModel:
    """Return the model whose weights and preprocessing are in a folder."""
    return TableModel(*loaded(make_model({bins}), Path(path)))'''
HOMES = ["services.exports.plain.mlflow_model", "services.exports.plain.prediction"]
WORDS = "The model {name}, as `mlflow.pyfunc` loads it; needs PyTorch and NumPy."


class Table(dict[str, Any]):
    """As much of a DataFrame as a model asks for."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self)


def mlflow_folder(subject: Subject, samples: Samples) -> tuple[bytes, float]:
    """Return the zipped folder, and how far it is from the stored model.

    Raises: ExportUnsupported for a net whose code is not PyTorch's or ours; ExportDiffers.
    """
    predictor = samples.predictor
    about = predictor.preprocessing.as_json() | {"shape": list(predictor.shape)}
    version = torch.__version__.split("+")[0]
    requirements = f"torch=={version}\nnumpy>={np.__version__.rpartition('.')[0]}\n"
    python = platform.python_version()
    files = {
        "MLmodel": _description(subject, predictor.weights_sha256, python).encode(),
        f"code/{MODULE}.py": _module(subject, samples).encode(),
        "data/model.safetensors": safetensors_bytes(predictor.model.state_dict(), subject),
        "data/preprocessing.json": json.dumps(about, ensure_ascii=False).encode(),
        "requirements.txt": requirements.encode(),
        "python_env.yaml": f"python: {python}\ndependencies:\n- -r requirements.txt\n".encode(),
        "README.md": card(subject, predictor).encode(),
    }
    content = zipped(files)
    return content, difference(samples, _tried(content, samples))


def _description(subject: Subject, sha256: str, python: str) -> str:
    """Return the file MLmodel; a document in JSON is one in YAML."""
    flavor = {
        "loader_module": MODULE,
        "code": "code",
        "data": "data",
        "python_version": python,
        "env": {"virtualenv": "python_env.yaml"},
    }
    about = {"job": subject.job, "checkpoint": subject.checkpoint["id"], "weights_sha256": sha256}
    found = {
        "flavors": {"python_function": flavor},
        "metadata": {"batchyard": about},
        "model_uuid": sha256[:32],
        "utc_time_created": f"{subject.trained_at} 00:00:00.000000",
    }
    return json.dumps(found, indent=1) + "\n"


def _module(subject: Subject, samples: Samples) -> str:
    source, assembly = net_source(samples.predictor.model), Assembly()
    for module, name in sorted(source.used):
        assembly.add(module, name)
    bins = f"[torch.linspace(0.0, 1.0, edges) for edges in {source.edges}]" if source.edges else ""
    own = [source.function(), LOADER.format(bins=bins)]
    for text in own:
        assembly.add_for(text, HOMES)
    return assembly.script(WORDS.format(name=subject.name), [], own)


def _tried(content: bytes, samples: Samples) -> np.ndarray:
    """Return what the model in a zip answers when its loader is called as MLflow does: (rows, answers)."""
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(BytesIO(content)).extractall(folder)
        spec = importlib.util.spec_from_file_location(MODULE, Path(folder) / "code" / f"{MODULE}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[MODULE] = module  # its dataclasses look for it
        try:
            spec.loader.exec_module(module)
            model = module._load_pyfunc(str(Path(folder) / "data"))
        finally:
            del sys.modules[MODULE]
    names, *rows = samples.texts
    table = Table({name: np.array(cells, dtype=object) for name, *cells in zip(names, *rows, strict=True)})
    columns = list(model.predict(table).values())
    return np.array(columns[-samples.expected.shape[1] :], dtype=np.float64).T

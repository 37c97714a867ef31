"""MLflow itself loads the exported folder, and its answers are those of the stored model."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from services.exports.mlflow_folder import mlflow_folder


@pytest.mark.filterwarnings("ignore")
def test_mlflow_loads_the_folder_and_predicts_a_data_frame(ran: dict[str, Any], tmp_path: Path) -> None:
    from mlflow import pyfunc

    subject, tried = ran["mixed"].subject, ran["mixed"].samples

    content, apart = mlflow_folder(subject, tried)

    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path / "model")
    model = pyfunc.load_model(str(tmp_path / "model"))
    names, *rows = tried.texts
    frame = pandas.DataFrame(rows, columns=names)
    frame["age"] = pandas.to_numeric(frame["age"])
    answer = model.predict(frame[sorted(names)])
    assert apart < 1e-6
    assert list(answer.columns) == ["prediction"]
    np.testing.assert_allclose(answer["prediction"], tried.expected[:, 0], rtol=1e-6)
    assert model.metadata.metadata["batchyard"]["weights_sha256"] == tried.predictor.weights_sha256

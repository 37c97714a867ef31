"""What a user writes for MLflow's server: `python -m benchmarks.peers.mlflow_predict FOLDER` saves it."""

import sys

import mlflow
import numpy as np
import torch

from benchmarks.peers.served_net import ServedNet


class Model(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The net as a model of MLflow's."""

    def load_context(self, context):  # type: ignore[no-untyped-def]  # MLflow reads hints as a schema
        """Load the net."""
        self.net = ServedNet()

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Predict rows: an array, or the frame that a CSV becomes."""
        rows = np.asarray(model_input, dtype=np.float32)
        return self.net.predict(torch.from_numpy(rows)).numpy()


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=__file__, pip_requirements=[])
else:
    mlflow.models.set_model(Model())

"""A whole model as a program of `torch.export`: cells in, answers in original units out."""

import io
import json
import warnings

import numpy as np
import torch

from services.exports.samples import Samples
from services.exports.subject import Subject
from services.exports.verification import difference
from services.exports.whole_model import WholeModel

BATCH = "batch"


def torch_program(subject: Subject, samples: Samples) -> tuple[bytes, float]:
    """Return what `torch.export.load` reads, and how far it is from the stored model.

    Beside the program lies preprocessing.json, which says what a cell of each column stands for.
    Raises: ExportDiffers.
    """
    predictor = samples.predictor
    about = predictor.preprocessing.as_json() | {"shape": list(predictor.shape), "job": subject.job}
    example = torch.from_numpy(np.repeat(samples.cells[:1], 2, 0))
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own code
        whole = WholeModel(predictor).eval()
        program = torch.export.export(whole, (example,), dynamic_shapes=({0: torch.export.Dim(BATCH)},))
        torch.export.save(program, file, extra_files={"preprocessing.json": json.dumps(about)})
        file.seek(0)
        again = torch.export.load(file).module()
    with torch.inference_mode():
        found = again(torch.from_numpy(samples.cells))
    answers = torch.cat(found, 1) if predictor.preprocessing.task == "regression" else found[1]
    return file.getvalue(), difference(samples, answers.numpy())

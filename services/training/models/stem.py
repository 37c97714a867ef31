"""What stands before the first layer of a net for flat inputs: nothing, a flattening, or embeddings."""

import warnings

from torch import nn

from services.training.models.embedding import EmbeddedCategories, EmbeddedNumbers
from services.training.models.inputs import Inputs


def stem(inputs: Inputs, number_embedding: str | None) -> tuple[list[nn.Module], int]:
    """Return what makes the features of an example one row of inputs, and how many these are then."""
    if len(inputs.shape) > 1:
        return [nn.Flatten()], inputs.width
    layers: list[nn.Module] = []
    width = inputs.width
    if number_embedding is not None and inputs.bins:
        # Where the bins are: the library looks at values, which the meta device does not have.
        with warnings.catch_warnings(), inputs.bins[0].device:
            # Two edges are right for a column of zeros and ones.
            warnings.filterwarnings("ignore", message=".*has just two bin edges")
            numbers = EmbeddedNumbers(inputs)
        layers, width = [numbers], numbers.width
    if inputs.categories:
        categories = EmbeddedCategories(inputs, width)
        layers, width = [*layers, categories], categories.width
    return layers, width

"""Imports the piecewise-linear embedding of `rtdl_num_embeddings` without scikit-learn, which that library looks for.

Nothing here uses what it takes from scikit-learn. Where pandas is installed, importing scikit-learn also starts a
thread, and the fork server may not have one.
"""

import sys

_sklearn = sys.modules.get("sklearn")
sys.modules["sklearn"] = None  # type: ignore[assignment]
try:
    from rtdl_num_embeddings import PiecewiseLinearEmbeddings as PiecewiseLinearEmbeddings
finally:
    if _sklearn is None:
        del sys.modules["sklearn"]
    else:
        sys.modules["sklearn"] = _sklearn

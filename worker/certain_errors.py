"""Which errors of PyTorch come again however often the same step is tried: those of shapes and types."""

import re

#: Beginnings and parts of what PyTorch says; it has no classes for them. Each is raised in a test.
CERTAIN = re.compile(
    r"shapes cannot be multiplied"
    r"|size mismatch"
    r"|must match the (size|existing size) "
    r"|is invalid for input of size"
    r"|expected .* to have .* channels"
    r"|Expected \d.*D .* input"
    r"|Kernel size can't be greater than"
    r"|Calculated padded input size"
    r"|(expected|Expected|found).* (scalar )?(d?type) "
    r"|must have the same dtype"
    r"|Sizes of tensors must match"
    r"|does not require grad"
    r"|result type .* can't be cast"
)


def is_certain(error: RuntimeError) -> bool:
    """Return whether an error says that shapes or types do not go together."""
    return isinstance(error, NotImplementedError) or CERTAIN.search(str(error)) is not None

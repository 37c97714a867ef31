"""What of a prediction is wanted."""

from dataclasses import dataclass

from services.predictions.formats.media import Media

OUTPUTS = ("all", "predictions", "probabilities", "deviations")  #: kinds of numbers that an answer can be limited to


@dataclass(frozen=True)
class Wanted:
    """What of an answer is wanted, and in which format."""

    media: Media = Media.JSON
    output: str = "all"  #: one of its kinds of numbers
    diagnostics: bool = False  #: also say what is odd about each row
    asker: str = ""  #: whose limit of rows holds; empty: the model's owner's


ALL_AS_JSON = Wanted()

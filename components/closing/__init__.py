"""The end of a study: the permissions, function and signing key of the archive."""

from components.closing.closing import Closing
from components.closing.outputs import study_outputs

__all__ = [
    "Closing",
    "study_outputs",
]

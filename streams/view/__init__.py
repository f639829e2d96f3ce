"""Where ads are served: a copy of the lists to decide by, kept level with a deployment's topics."""

from streams.view.answers import Known
from streams.view.view import View

__all__ = ["Known", "View"]

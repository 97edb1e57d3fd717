"""The machine that the code is: explored exhaustively, observed as it runs, drawn."""

from .. import export as formats  # the model learns its formats from there
from .draw import draw
from .explore import explore
from .found import Exploration, Step
from .model import Evidence, Source, State, StateGraph, Transition
from .observe import Observation, observe

__all__ = [
    "Evidence",
    "Exploration",
    "Observation",
    "Source",
    "State",
    "StateGraph",
    "Step",
    "Transition",
    "draw",
    "explore",
    "formats",
    "observe",
]

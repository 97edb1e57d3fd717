"""The machine that the code is: explored exhaustively, observed as it runs, drawn.

Who imports flowlet imports this, and most programs run machines without looking at them.  So here
stands only what people call and what they are given; what explores, reads sources and draws, two
thirds of the package, comes with the first call.  `python -m benchmarks.importing` tells what an
import takes.
"""

from .. import export as formats  # the model learns its formats from there
from .check import Failure, Verdict, check
from .draw import draw
from .explore import explore
from .found import Exploration, Step
from .model import Coverage, Evidence, GraphDiff, Source, State, StateGraph, Transition
from .observe import Observation, observe
from .play import Page, play
from .replay import replay
from .static import static
from .targets import is_system
from .view import View

__all__ = [
    "Coverage",
    "Evidence",
    "Exploration",
    "Failure",
    "GraphDiff",
    "Observation",
    "Page",
    "Source",
    "State",
    "StateGraph",
    "Step",
    "Transition",
    "Verdict",
    "View",
    "check",
    "draw",
    "explore",
    "formats",
    "is_system",
    "observe",
    "play",
    "replay",
    "static",
]

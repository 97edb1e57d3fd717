"""Nothing that a graph says is dropped in silence: shown, or noted, in every format.

The table in docs/formats.md is what these tests have found; `make pictures` writes it anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.features import Feature, features
from tests.fidelity import FORMATS, LOST, Matrix, Shown, matrix, recognised, table

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
#: Between these two lines of the page stands the table.
BEGIN, END = "<!-- the table is written by tests/test_fidelity.py -->", "<!-- until here -->"


@pytest.fixture(scope="module")
def found() -> Matrix:
    return matrix()


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_lost_in_silence(name: str, found: Matrix) -> None:
    """What stands in `LOST` is lost, and nothing else."""
    lost = {key for key, shown in found.items() if shown is None and key[0] == name}
    assert lost == {key for key in LOST if key[0] == name}


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_recognised_is_a_feature(name: str) -> None:
    """A name that is misspelt would never be looked for."""
    assert FORMATS[name].shows.keys() <= {feature.name for feature in features()}


@pytest.mark.parametrize("feature", features(), ids=lambda feature: feature.name)
def test_the_two_machines_of_a_feature_differ(feature: Feature) -> None:
    """Else it could not be told whether it is shown."""
    assert feature.graph != feature.without


def test_a_format_that_drops_something_is_found_out() -> None:
    """Also one that always says the same."""
    guard = next(feature for feature in features() if feature.name == "guard")
    careful = FORMATS["aut"]
    assert recognised(careful, guard) is not None
    for write in (lambda graph: "", lambda graph: '"Coin [coin.value > 2]"'):
        dull = type(careful)(write, {"guard": Shown("in the label", r"\[coin.value > 2\]")})
        assert recognised(dull, guard) is None


def test_the_table_is_what_was_found(found: Matrix) -> None:
    """`make pictures` writes it anew."""
    page = PAGE.read_text("utf-8")
    written = "\n".join((BEGIN, "", *table(found), "", END))
    stands = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.S)
    assert stands.search(page)
    if os.environ.get("UPDATE_PICTURES"):
        page = stands.sub(lambda _: written, page)
        PAGE.write_text(page, encoding="utf-8")
    assert written in page, "if it is meant to be so: make pictures"

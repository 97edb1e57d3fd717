"""Pictures in documentation, drawn from the code whenever the documentation is built.

`figure` makes one picture for one place on a page.  `flowlet.tools.mkdocs` and
`flowlet.tools.sphinx` find those places and say where the sources are; neither knows how to draw.
"""

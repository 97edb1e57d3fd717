"""How deep each node stands in a picture that is laid out from top to bottom.

Graphviz ranks nodes so that arrows point down, apart from those that close a circle.  Who has to
know beforehand which node of a box will stand lowest, as an arrow out of the bottom of the box
begins best there, counts the arrows on the longest way to each.
"""

from __future__ import annotations

from collections.abc import Mapping

from .shapes import Arrow, Picture


def deepest(drawn: Picture, box: str) -> str:
    """The name of the node in that box that will stand lowest; the last one of several."""
    deep = depths(drawn)
    held = drawn.inside(box)
    return max(reversed(held), key=lambda name: deep[name])


def depths(drawn: Picture) -> dict[str, int]:
    """Of each node, by its name: the arrows on the longest way there that closes no circle."""
    heads: dict[str, list[str]] = {node.name: [] for node in drawn.nodes}
    for arrow in drawn.arrows:
        for tail in drawn.inside(arrow.tail) if arrow.tail_box else (arrow.tail,):
            heads[tail] += _heads(drawn, arrow)
    order = _downwards(heads, [name for name, _ in drawn.initial])
    place = {name: number for number, name in enumerate(order)}
    deep = dict.fromkeys(order, 0)
    for name in order:
        for head in heads[name]:
            if place[head] > place[name]:
                deep[head] = max(deep[head], deep[name] + 1)
    return deep


def _heads(drawn: Picture, arrow: Arrow) -> list[str]:
    """Where an arrow leads: into all regions at once, where it ends at the border of them."""
    within = drawn.within(arrow.head_box) if arrow.head_box else set()
    regions = [box.initial for box in drawn.boxes if box.is_region and box.name in within]
    return [arrow.head, *filter(None, regions)]


def _downwards(heads: Mapping[str, list[str]], first: list[str]) -> list[str]:
    """The nodes in an order in which arrows lead onwards, apart from those that close a circle."""
    done: dict[str, None] = {}
    entered: set[str] = set()
    for begin in (*first, *heads):
        way = [(begin, iter(heads[begin]))] if begin not in entered else []
        entered.add(begin)
        while way:
            name, rest = way[-1]
            head = next((one for one in rest if one not in entered), None)
            if head is None:
                way.pop()
                done[name] = None
            else:
                entered.add(head)
                way.append((head, iter(heads[head])))
    return list(reversed(done))

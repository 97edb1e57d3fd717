"""Folding: a picture of more than thirty states is a carpet, so it is drawn smaller and says so.

Three ways, in this order, and no further than the picture needs:

1. *Chains.*  States that follow one another with no other way in or out say little one by one.
   The inner ones of a chain become one node, `… 5 states`; its two ends stay.  Longest first.
2. *Boxes.*  A composite state becomes one node, `… 9 states`.  Innermost first, and of those the
   one with most in it.  What led into it or out of it leads to that node.
3. *The rest.*  Where neither helps (a dense machine, all on one level), everything is drawn up to
   sixty states, as it was before.  Past that, which no layout makes readable and which takes
   Graphviz minutes, the states that are furthest from the initial one become one node.

The graph itself is never changed: only what is drawn of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .picture import Arrow, Line, Look, Node, Picture

#: A picture with more states than this is folded.
MANY = 30
#: A chain of fewer inner states than this stays: a fold of two saves one node and tells less.
SHORT = 3
#: Boxes are not closed where fewer nodes than this would be left: that would hide the machine.
FEW = 4
#: More nodes than this are never drawn.
MOST = 60


def folded(picture: Picture, many: int = MANY) -> Picture:
    """The picture with at most about `many` nodes, and a line in its caption if that cost any."""
    small = picture
    while len(small.nodes) > many:
        chain = max(_chains(small), key=len, default=[])
        if len(chain) < SHORT:
            break
        small = _fold_chain(small, chain)
    while len(small.nodes) > many:
        box = _box_to_close(small)
        if box is None:
            break
        small = _close_box(small, box)
    if len(small.nodes) > max(many, MOST):
        small = _fold_rest(small, keep=max(many, MOST) - 1)
    if small is picture:
        return picture
    told = f"{len(picture.nodes)} states drawn as {len(small.nodes)}: … marks what is folded."
    return replace(small, caption=(told, *small.caption))


def _chains(picture: Picture) -> list[list[Node]]:
    """The inner parts of all chains: every state has one way in and one way out."""
    into: dict[str, list[Arrow]] = {}
    out: dict[str, list[Arrow]] = {}
    for arrow in picture.arrows:
        into.setdefault(arrow.head, []).append(arrow)
        if not arrow.tail_box:
            out.setdefault(arrow.tail, []).append(arrow)

    def is_link(node: Node) -> bool:
        ways = into.get(node.name, []), out.get(node.name, [])
        return (
            all(len(way) == 1 for way in ways)
            and ways[0][0].tail != ways[1][0].head  # there and back is no chain
            and not ways[0][0].tail_box
            and node.kind in ("state", "transient")
            and not node.folded
            and not node.inside
            and node.name not in picture.initial
        )

    links = {node.name: node for node in picture.nodes if is_link(node)}

    def follower(node: Node) -> Node | None:
        after = links.get(out[node.name][0].head)
        return after if after and after.box == node.box else None

    has_leader = {after.name for node in links.values() if (after := follower(node))}
    chains = []
    for node in links.values():
        if node.name in has_leader:
            continue
        chain: list[Node] = []
        one: Node | None = node
        while one is not None:
            chain.append(one)
            one = follower(one)
        chains.append(chain[1:-1])
    return chains


def _fold_chain(picture: Picture, chain: list[Node]) -> Picture:
    first, last = chain[0], chain[-1]
    fold = _stand_in(chain, name=f"{first.name} … {last.name}", box=first.box)
    return _put_in_place(picture, {node.name: fold for node in chain}, boxes=set())


def _box_to_close(picture: Picture) -> str | None:
    def size(box: str) -> int:
        return sum(node.box == box for node in picture.nodes)

    parents = {box.parent for box in picture.boxes}
    innermost = [box.name for box in picture.boxes if box.name not in parents]
    worth = [box for box in innermost if 1 < size(box) <= len(picture.nodes) - FEW + 1]
    return max(worth, key=size, default=None)


def _close_box(picture: Picture, name: str) -> Picture:
    box = next(box for box in picture.boxes if box.name == name)
    held = [node for node in picture.nodes if node.box == name]
    closed = replace(_stand_in(held, name=name, box=box.parent), title=box.title, inside=box.inside)
    return _put_in_place(picture, {node.name: closed for node in held}, boxes={name})


def _fold_rest(picture: Picture, keep: int) -> Picture:
    kept = {node.box for node in picture.nodes[:keep]}
    parents = {box.name: box.parent for box in picture.boxes}
    for box in [*kept]:
        while box:
            box = parents[box]
            kept.add(box)
    far = list(picture.nodes[keep:])
    rest = replace(_stand_in(far, name="…", box=""), title="further on")
    empty = {box.name for box in picture.boxes if box.name not in kept}
    return _put_in_place(picture, {node.name: rest for node in far}, boxes=empty)


def _stand_in(nodes: list[Node], name: str, box: str) -> Node:
    names = tuple(inner for node in nodes for inner in (node.folded or (node.name,)))
    looks: set[Look] = {node.look for node in nodes}
    return Node(
        name=name,
        title="",
        box=box,
        look="seen" if "seen" in looks else nodes[0].look,
        folded=names,
        source=nodes[0].source,
    )


def _put_in_place(picture: Picture, stand_ins: Mapping[str, Node], boxes: set[str]) -> Picture:
    """The picture with those nodes, and those boxes, gone into their stand-ins."""
    into_box = next(iter(stand_ins.values())).name

    def end(name: str, is_box: bool = False) -> str:
        if is_box:
            return into_box if name in boxes else name
        return stand_ins[name].name if name in stand_ins else name

    lines: dict[tuple[str, str, bool], dict[Line, None]] = {}
    for arrow in picture.arrows:
        hidden = arrow.head in stand_ins and (
            arrow.tail in boxes if arrow.tail_box else arrow.tail in stand_ins
        )
        if not hidden:
            still_box = arrow.tail_box and arrow.tail not in boxes
            place = (end(arrow.tail, arrow.tail_box), end(arrow.head), still_box)
            lines.setdefault(place, {}).update(dict.fromkeys(arrow.lines))
    return replace(
        picture,
        nodes=_once(stand_ins.get(node.name, node) for node in picture.nodes),
        boxes=tuple(box for box in picture.boxes if box.name not in boxes),
        arrows=tuple(
            Arrow(tail, head, _summed(same), tail_box)
            for (tail, head, tail_box), same in lines.items()
        ),
        initial=tuple(dict.fromkeys(end(name) for name in picture.initial)),
    )


def _once(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple({node.name: node for node in nodes}.values())


def _summed(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines that became the same text by folding, as one with their counts together."""
    same: dict[tuple[object, ...], Line] = {}
    for line in lines:
        key = (line.kind, line.event, line.guard, line.outputs)
        before = same.get(key)
        if before is not None:
            seen = before.seen + line.seen
            line = replace(before, seen=seen, look="seen" if seen else before.look)
        same[key] = line
    return tuple(same.values())

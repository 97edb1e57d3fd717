"""`python -m examples.tcp capture.pcap`: who spoke, how it went, and the machine behind it all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from .follow import Follower
from .frames import BadCaptureError
from .packets import Capture, Segment
from .show import Listing, machine, print_edges, print_outcomes, save

#: A capture of more packets than this gets a progress bar.
LONG = 20_000

#: Reading and following take turns after so many packets.  At every packet, they would push each
#: other out of the processor's caches, and take a fifth longer.
BATCH = 1000

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def main(
    capture: Annotated[
        Path, typer.Argument(help="A pcap or pcapng file, as tcpdump -w and Wireshark write them.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder for the pictures tcp.svg and tcp.png.")
    ] = Path("out"),
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Leave out the list of connections.")
    ] = False,
) -> None:
    """Follow the TCP connections of a capture, and draw the machine that they drove.

    The machine is that of RFC 9293, written as plain functions in examples/tcp/connection.py. An
    actor runs it for each end of each connection. In the picture the edges that the packets took
    are bold, with counts.
    """
    try:
        run(capture, out, quiet)
    except BadCaptureError as error:
        complain(f"error: {error}")
        raise typer.Exit(2) from None
    except BrokenPipeError:  # whoever read the list has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


def run(path: Path, out: Path, quiet: bool) -> None:
    """Do what the command says."""
    console = Console(highlight=False)
    capture = Capture(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadCaptureError(f"{out} cannot be the folder for pictures: {error}") from None
    listing = Listing(console, quiet)
    follower = Follower(listing.add)
    for batch in batches(capture, console, Console(stderr=True)):
        for segment in batch:
            follower.segment(segment)
    follower.finish()
    listing.print()

    console.print(
        f"\n{follower.connections:,} connections in {capture.frames.count:,} packets of {path}, "
        f"{follower.time:,.1f} seconds:",
        style="bold",
        markup=False,
        soft_wrap=True,
    )
    print_outcomes(console, listing.outcomes)
    for reason, count in capture.left_out.most_common():
        complain(f"left out: {count:,} packets {reason}")
    if capture.frames.cut:
        complain(f"warning: {path} is {capture.frames.cut}; what is whole was followed")
    if not follower.segments:
        complain(f"warning: there is no TCP in {path}")

    graph = machine(follower.machines.graph)
    print_edges(console, graph)
    svg, png = save(graph, out)
    console.print()
    for what, where in {
        "The machine, with what these packets did in bold": f"{svg} and {png}",
        "The functions that it is drawn from": "examples/tcp/connection.py",
        "With packets of your own": "sudo tcpdump -w my.pcap tcp; python -m examples.tcp my.pcap",
    }.items():
        console.print(Text.assemble(f"{what}: ", (where, "bold")), soft_wrap=True)


def batches(capture: Capture, console: Console, errors: Console) -> Iterator[list[Segment]]:
    """The segments, some at a time; with a progress bar where there are many, on a terminal."""
    segments = iter(capture)
    while batch := list(islice(segments, BATCH)):
        yield batch
        if capture.frames.count >= LONG:
            break
    with Progress(
        TextColumn("{task.fields[packets]:,} packets"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal or not batch,
        redirect_stdout=console.is_terminal,  # so that what is printed there stays above the bar
    ) as bar:
        task = bar.add_task("", total=capture.frames.size, packets=capture.frames.count)
        while batch := list(islice(segments, BATCH)):
            yield batch
            bar.update(task, completed=capture.frames.place, packets=capture.frames.count)


def complain(text: str) -> None:
    """Say something that is no result."""
    Console(stderr=True, highlight=False).print(text, style="red", markup=False, soft_wrap=True)


if __name__ == "__main__":
    app(prog_name="python -m examples.tcp")

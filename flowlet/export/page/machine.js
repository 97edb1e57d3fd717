// The machine: its states and transitions, and the pictures that show them.
//
// A state or a transition is known by its number in the data; page_data.py says what is told of
// each.  A part of a picture (a node, a box, an arrow) may stand for many of them: a fold for all
// that is in it, a state of one region for every combination with it.  So a state of the machine may
// be at several nodes, one in each region.  All text goes through `textContent`, never through
// markup.

const machine = JSON.parse(document.getElementById("machine").textContent);
const { states, edges } = machine;

/** For each state the transitions that leave it. */
const leaving = states.map(() => []);
edges.forEach((edge, number) => leaving[edge.from].push(number));

const byId = (id) => document.getElementById(id);
const nameOf = (state) => states[state].path.join("/");

/** An element with attributes and children; `on…` attributes are listeners. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** What a transition or a line says, in UML's order: `event [guard] / outputs`. */
function labelOf({ event, guard, outputs }) {
  const parts = [event, guard && `[${guard}]`, outputs.length > 0 && `/ ${outputs.join(", ")}`];
  return parts.filter(Boolean).join(" ");
}

/** The same for one that has no event. */
const titleOf = (edge) => labelOf(edge) || (edge.kind === "done" ? "all have ended" : "goes on");

/** The same as elements, each in its colour. */
function wordsOf(edge) {
  const { kind, event, guard, outputs } = edge;
  return [
    make("span", { class: kind === "timeout" ? "event time" : "event" }, event || titleOf({ ...edge, guard: "", outputs: [] })),
    guard ? make("span", { class: "guard" }, `[${guard}]`) : null,
    outputs.length ? make("span", { class: "outputs" }, `/ ${outputs.join(", ")}`) : null,
  ].filter((word) => word !== null);
}

/** One picture of the machine. */
class Drawing {
  constructor(number) {
    this.data = machine.pictures[number];
    this.element = byId(`picture-${number}`);
    this.svg = this.element.querySelector("svg");
    this.whole = this.svg.getAttribute("viewBox");
    this.nodes = this.parts("node").map(([element]) => element);
    this.boxes = this.parts("box").map(([element]) => element);
    this.arrows = this.parts("arrow");
    this.texts = this.parts("line", this.data.lines.length);
    this.marks = this.parts("history").map(([element]) => element);
    this.nodesOf = states.map(() => []);
    this.data.nodes.forEach((node, place) => node.states.forEach((state) => this.nodesOf[state].push(place)));
    this.linesOf = edges.map(() => []);
    this.data.lines.forEach((line, place) => line.edges.forEach((edge) => this.linesOf[edge].push(place)));
    this.makeReachable();
  }

  /** The elements of each part of a kind, by its place. */
  parts(kind, count = 0) {
    const found = Array.from({ length: count }, () => []);
    for (const element of this.svg.querySelectorAll(`[data-${kind}]`)) {
      (found[Number(element.dataset[kind])] ??= []).push(element);
    }
    return found;
  }

  /** The elements that show a transition: its arrows, and texts inside its states and boxes. */
  elementsOf(edge) {
    return this.linesOf[edge].flatMap((line) => {
      const [kind, place] = this.data.lines[line].of;
      return kind === "arrow" ? this.arrows[place] : this.texts[line];
    });
  }

  /** The elements of a state: one node, or one in each region. */
  elementsOfState(state) {
    return (this.nodesOf[state] ?? []).map((node) => this.nodes[node]);
  }

  /** Every state and arrow can be reached by Tab, and says what it is. */
  makeReachable() {
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", machine.name || "machine");
    this.nodes.forEach((element, place) => {
      const { name, folded } = this.data.nodes[place];
      const some = `${folded.length} states: ${folded.slice(0, 5).join(", ")}${folded.length > 5 ? ", …" : ""}`;
      asButton(element, `State ${folded.length ? some : name}`);
    });
    this.arrows.forEach((elements, place) => {
      const { ends, lines } = this.data.arrows[place];
      const words = lines.map((line) => titleOf(this.data.lines[line]));
      asButton(elements[0], `Arrow from ${ends.join(" to ")}: ${words.join("; ")}`);
    });
    this.marks.forEach((element, box) => asButton(element, `History of ${this.data.boxes[box].name}`));
  }
}

function asButton(element, label) {
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", label);
}

const drawings = machine.pictures.map((_, number) => new Drawing(number));
/** The picture that is looked at. */
let shown = drawings[0];

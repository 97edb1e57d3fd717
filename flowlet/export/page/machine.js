// The machine: its states and transitions, and the pictures that show them.
//
// A state or a transition is known by its number in the data; page_data.py says what is told of
// each.  A part of a picture (a node, a box, an arrow) may stand for many of them.  All text goes
// through `textContent`, never through markup.

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

/** What a transition says, in UML's order: `event [guard] / outputs`. */
function labelOf(edge) {
  const { event, guard, outputs } = edges[edge];
  const parts = [event, guard && `[${guard}]`, outputs.length > 0 && `/ ${outputs.join(", ")}`];
  return parts.filter(Boolean).join(" ");
}

/** The same as elements, each in its colour. */
function wordsOf(edge) {
  const { kind, event, guard, outputs } = edges[edge];
  return [
    make("span", { class: kind === "timeout" ? "event time" : "event" }, event || "goes on"),
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
    this.nodeOf = new Map();
    this.data.states.forEach((some, node) => some.forEach((state) => this.nodeOf.set(state, node)));
    this.lineOf = new Map();
    this.data.lines.forEach((some, line) => some.forEach((edge) => this.lineOf.set(edge, line)));
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

  /** The transitions that an arrow stands for. */
  edgesOf(arrow) {
    return this.data.arrows[arrow].flatMap((line) => this.data.lines[line]);
  }

  /** The elements that show a transition: its arrow, or the texts inside its state or box. */
  elementsOf(edge) {
    const line = this.lineOf.get(edge);
    if (line === undefined) return [];
    const [kind, place] = this.data.of[line];
    return kind === "arrow" ? this.arrows[place] : this.texts[line];
  }

  /** Every state and arrow can be reached by Tab, and says what it is. */
  makeReachable() {
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", machine.name || "machine");
    this.nodes.forEach((element, node) => {
      const names = this.data.states[node].map(nameOf);
      const many = names.length > 1 ? `${names.length} states: ` : "";
      asButton(element, `State ${many}${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`);
    });
    this.arrows.forEach((elements, arrow) => {
      asButton(elements[0], `Arrow from ${endsOf(this, arrow).join(" to ")}: ${this.linesOf(arrow)}`);
    });
  }

  linesOf(arrow) {
    const first = this.data.arrows[arrow].map((line) => this.data.lines[line][0]);
    return first.map((edge) => (edge === undefined ? "" : labelOf(edge) || "goes on")).join("; ");
  }
}

function asButton(element, label) {
  element.setAttribute("tabindex", "0");
  element.setAttribute("role", "button");
  element.setAttribute("aria-label", label);
}

/** The names of what an arrow leads from and to: a block where it leaves from its border. */
function endsOf(drawing, arrow) {
  const some = drawing.edgesOf(arrow);
  if (some.length === 0) return ["", ""];
  const { from, to, border } = edges[some[0]];
  const tail = some.some((edge) => edges[edge].from !== from) && border ? border : titleOf(drawing, from);
  return [tail, titleOf(drawing, to)];
}

function titleOf(drawing, state) {
  const node = drawing.nodeOf.get(state);
  return drawing.data.states[node].length > 1 ? drawing.data.titles[node] : nameOf(state);
}

const drawings = machine.pictures.map((_, number) => new Drawing(number));
/** The picture that is looked at. */
let shown = drawings[0];

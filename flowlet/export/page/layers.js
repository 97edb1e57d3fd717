// The layers: how each transition is known, switched on and off.
//
// A graph tells of one or both: how an edge is known (seen in a run, reached by exploring, only
// read in the source), and what a comparison of two versions found.  A layer that would be the only
// one of its kind needs no switch.

const LAYERS = [
  { of: "evidence", key: "seen", text: "Seen in a run" },
  { of: "evidence", key: "reachable", text: "Reachable" },
  { of: "evidence", key: "could", text: "Could be: only read in the source" },
  { of: "evidence", key: "told", text: "Told without evidence" },
  { of: "change", key: "new", text: "New" },
  { of: "change", key: "gone", text: "Gone" },
  { of: "change", key: "same", text: "As before" },
];

const layers = (() => {
  const off = new Set();
  const evidence = ({ seen, reachable, static: read }) =>
    seen ? "seen" : reachable ? "reachable" : read ? "could" : "told";
  const of = { evidence, change: ({ change }) => change ?? "same" };
  const isCompared = [...edges, ...states].some((part) => part.change);

  /** A line that stands for no transition says what is kept for later, and is always there. */
  const isLineOn = (line) => line.edges.length === 0 || line.edges.some((edge) => isOn(edges[edge]));

  const isOn = (part) =>
    !off.has(`evidence ${of.evidence(part)}`) && !(isCompared && off.has(`change ${of.change(part)}`));

  /** Hide in every picture what is switched off. */
  function apply() {
    for (const drawing of drawings) {
      const isThere = drawing.data.lines.map(isLineOn);
      drawing.texts.forEach((texts, line) => texts.forEach((one) => one.classList.toggle("off", !isThere[line])));
      drawing.arrows.forEach((elements, arrow) => {
        const isShown = drawing.data.arrows[arrow].lines.some((line) => isThere[line]);
        elements.forEach((one) => one.classList.toggle("off", !isShown));
      });
      drawing.nodes.forEach((element, node) => {
        element.classList.toggle("faint", drawing.data.nodes[node].states.every(isLonely));
      });
    }
  }

  /** A state that no visible arrow touches, and that had some. */
  function isLonely(state) {
    if (isCompared && off.has(`change ${of.change(states[state])}`)) return true;
    const touching = edges.filter(({ from, to }) => from === state || to === state);
    return touching.length > 0 && !touching.some(isOn) && !machine.initial.includes(state);
  }

  function makeSwitches() {
    const section = byId("layers");
    for (const kind of ["evidence", "change"]) {
      if (kind === "change" && !isCompared) continue;
      const counts = new Map();
      edges.forEach((edge) => counts.set(of[kind](edge), (counts.get(of[kind](edge)) ?? 0) + 1));
      if (counts.size < 2) continue;
      section.hidden = false;
      for (const layer of LAYERS.filter(({ of, key }) => of === kind && counts.has(key))) {
        section.append(makeSwitch(layer, counts.get(layer.key)));
      }
    }
  }

  function makeSwitch({ of: kind, key, text }, count) {
    const box = make("input", { type: "checkbox", role: "switch", checked: true, id: `layer-${key}` });
    box.addEventListener("change", () => {
      if (box.checked) off.delete(`${kind} ${key}`);
      else off.add(`${kind} ${key}`);
      apply();
      refresh();
    });
    return make(
      "label",
      { class: "layer" },
      box,
      make("span", { class: `sample ${key}`, "aria-hidden": "true" }),
      make("span", {}, text),
      make("span", { class: "number" }, String(count)),
    );
  }

  return { isOn: (edge) => isOn(edges[edge]), isLineOn, makeSwitches };
})();

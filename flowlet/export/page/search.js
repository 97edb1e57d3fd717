// The search: states by their path, transitions by event, guard and outputs.
//
// What matches stays bright while the rest of the picture fades.  Enter goes from hit to hit, in
// the order in which the picture is read.

const search = (() => {
  const field = byId("find");
  const told = byId("hits");
  let hits = []; // { part, elements, text }
  let at = -1;

  function find() {
    const wanted = field.value.trim().toLowerCase();
    const has = (text) => text.toLowerCase().includes(wanted);
    hits = [];
    at = -1;
    if (wanted) {
      shown.data.states.forEach((some, node) => {
        const name = some.map(nameOf).find(has);
        if (name !== undefined) hits.push({ part: { kind: "node", place: node }, elements: [shown.nodes[node]], text: name });
      });
      shown.data.lines.forEach((some, line) => {
        const edge = some.find((one) => layers.isOn(one) && has(labelOf(one)));
        if (edge === undefined) return;
        const [kind, place] = shown.data.of[line];
        const elements = [...shown.texts[line], ...(kind === "arrow" ? shown.arrows[place] : [])];
        hits.push({ part: { kind, place, line }, elements, text: labelOf(edge) });
      });
    }
    mark(wanted !== "");
    told.textContent = !wanted ? "" : hits.length === 1 ? "1 hit" : hits.length ? `${hits.length} hits` : "nothing";
  }

  function mark(isFinding) {
    for (const drawing of drawings) drawing.svg.querySelectorAll(".hit, .at").forEach((one) => one.classList.remove("hit", "at"));
    canvas.classList.toggle("finding", isFinding);
    hits.forEach(({ elements }) => elements.forEach((one) => one.classList.add("hit")));
  }

  function go(step) {
    if (hits.length === 0) return;
    at = (at + step + hits.length) % hits.length;
    if (at < 0) at = 0;
    shown.svg.querySelectorAll(".at").forEach((one) => one.classList.remove("at"));
    const { part, elements, text } = hits[at];
    elements.forEach((one) => one.classList.add("at"));
    camera.reveal(elements[0]);
    cards.close();
    cards.look(part, true);
    told.textContent = `${at + 1} of ${hits.length}: ${text}`;
  }

  function clear() {
    if (!field.value) return false;
    field.value = "";
    find();
    return true;
  }

  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    go(event.shiftKey ? (at < 0 ? 0 : -1) : 1);
  });

  return {
    clear,
    refresh: find,
    focus() {
      field.focus();
      field.select();
    },
  };
})();

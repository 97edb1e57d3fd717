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
      shown.data.nodes.forEach(({ name, folded }, place) => {
        const text = [...folded, name].find(has);
        if (text !== undefined) hits.push({ part: { kind: "node", place }, elements: [shown.nodes[place]], text });
      });
      shown.data.lines.forEach((line, number) => {
        const text = labelOf(line);
        if (!has(text) || !layers.isLineOn(line)) return;
        const [kind, place] = line.of;
        const elements = [...shown.texts[number], ...(kind === "arrow" ? shown.arrows[place] : [])];
        hits.push({ part: { kind, place, line: number }, elements, text });
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
    camera.reveal([elements[0]]);
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

// The simulator: where the machine is, what can happen there, and the steps so far.
//
// It walks the graph: where guards decide, whoever steps decides; of regions it walks the
// combinations.  It begins where an actor is now, if the graph says that.  The steps are a list that
// one can move in; a step from the midst of it begins a new end, as an editor's undo does.

const simulator = (() => {
  const MOST_TRAIL = 200;
  let past = []; // { state, by }: where, and by which transition; the first has none
  let at = -1;

  const begins = machine.active.length ? machine.active : machine.initial;

  const current = () => past[at]?.state ?? null;
  const possible = () => (current() === null ? [] : leaving[current()].filter(layers.isOn));

  function step(edge) {
    if (!possible().includes(edge)) return;
    past = [...past.slice(0, at + 1), { state: edges[edge].to, by: edge }];
    goTo(past.length - 1);
  }

  function beginAt(state) {
    past = [{ state, by: null }];
    goTo(0);
  }

  /** Of the combinations that one region's state stands for, go on in the one most like this. */
  function beginNear(some) {
    const now = shown.nodesOf[current()] ?? [];
    const same = (state) => shown.nodesOf[state].filter((node) => now.includes(node)).length;
    beginAt(some.reduce((best, one) => (same(one) > same(best) ? one : best)));
  }

  function reset() {
    past = begins.length === 1 ? [{ state: begins[0], by: null }] : [];
    goTo(past.length - 1);
  }

  function goTo(place) {
    if (place < Math.min(0, past.length - 1) || place >= past.length) return;
    at = place;
    refresh();
    if (current() !== null) camera.reveal(shown.elementsOfState(current()));
  }

  // --- what the panel says

  function refreshPanel() {
    const hadFocus = byId("choices").contains(document.activeElement);
    byId("here").replaceChildren(...here());
    byId("choices").replaceChildren(...(current() === null ? starts() : choices()));
    byId("back").disabled = at <= 0;
    byId("forward").disabled = at >= past.length - 1;
    byId("reset").disabled = at <= 0 && past.length <= 1 && (current() ?? -1) === (begins[0] ?? -1);
    byId("trail").replaceChildren(...trail());
    keepInSight(byId("trail"));
    if (hadFocus) (byId("choices").querySelector("button") ?? byId("back")).focus();
  }

  /** Scrolls the steps alone, not the panel round them as `scrollIntoView` would. */
  function keepInSight(list) {
    const step = list.querySelector("[aria-current]");
    if (step) list.scrollTop = step.offsetTop - list.offsetTop - (list.clientHeight - step.offsetHeight) / 2;
  }

  function here() {
    const where = machine.active.length ? "It is in one of these:" : "It may begin in any of these:";
    if (current() === null) return [make("p", { class: "quiet" }, where)];
    const { path: names, kind } = states[current()];
    const how = { transient: "passing through", final: "ended", error: "crashed", state: "in" }[kind];
    return [make("p", { class: "here" }, make("span", { class: "quiet" }, how), " ", make("span", { class: "path" }, ...path(names)))];
  }

  function starts() {
    if (begins.length === 0) return [make("p", { class: "quiet" }, "No start is known: choose a state in the picture.")];
    return begins.map((state, number) =>
      make(
        "button",
        { type: "button", class: "choice", "data-state": state, onclick: () => beginAt(state) },
        key(number),
        make("span", { class: "words" }, nameOf(state)),
      ),
    );
  }

  function choices() {
    const some = possible();
    if (some.length === 0) {
      const isEnd = ["final", "error"].includes(states[current()].kind);
      return [make("p", { class: "quiet" }, isEnd ? "Here it ends." : "Nothing leads on from here.")];
    }
    const byEvent = new Map();
    some.forEach((edge) => byEvent.set(edges[edge].event, [...(byEvent.get(edges[edge].event) ?? []), edge]));
    const numbers = new Map([...byEvent.values()].flat().map((edge, number) => [edge, number]));
    return [...byEvent].flatMap(([event, same]) => {
      const buttons = same.map((edge) => choice(edge, numbers.get(edge)));
      if (same.length === 1) return buttons;
      const title = event || titleOf({ ...edges[same[0]], guard: "", outputs: [] });
      return [make("div", { class: "either", role: "group", "aria-label": `${title}: one of` }, make("p", { class: "quiet" }, `${title}: which?`), ...buttons)];
    });
  }

  function choice(edge, number) {
    const { from, to } = edges[edge];
    return make(
      "button",
      { type: "button", class: "choice", "data-edge": edge, onclick: () => step(edge) },
      key(number),
      make("span", { class: "words" }, ...spaced(wordsOf(edges[edge]))),
      make("span", { class: "to" }, from === to ? "stays" : `→ ${nameOf(to)}`),
    );
  }

  const key = (number) => (number < 9 ? make("kbd", { "aria-hidden": "true" }, String(number + 1)) : make("kbd", { class: "none", "aria-hidden": "true" }));

  function trail() {
    const first = Math.max(0, past.length - MOST_TRAIL);
    return past.slice(first).map(({ state, by }, number) => {
      const place = first + number;
      return make(
        "li",
        { class: place > at ? "ahead" : "" },
        make(
          "button",
          { type: "button", "aria-current": place === at ? "step" : null, onclick: () => goTo(place) },
          make("span", { class: "event" }, by === null ? (machine.active.includes(state) ? "now" : "start") : titleOf(edges[by])),
          make("span", { class: "to" }, nameOf(state)),
        ),
      );
    });
  }

  // --- what the picture shows

  function refreshPicture() {
    const { svg, nodes, boxes, data } = shown;
    svg.querySelectorAll(".now, .can, .took").forEach((one) => one.classList.remove("now", "can", "took"));
    const state = current();
    if (state === null) return;
    for (const node of shown.nodesOf[state]) {
      nodes[node].classList.add("now");
      data.nodes[node].boxes.forEach((box) => boxes[box].classList.add("now"));
    }
    for (const edge of possible()) {
      shown.elementsOf(edge).forEach((one) => one.classList.add("can"));
      shown.linesOf[edge].forEach((line) => shown.texts[line].forEach((one) => one.classList.add("can")));
    }
    if (past[at].by !== null) shown.elementsOf(past[at].by).forEach((one) => one.classList.add("took"));
  }

  return {
    step,
    current,
    possible,
    beginAt,
    beginNear,
    reset,
    back: () => goTo(at - 1 < 0 ? at : at - 1),
    forward: () => goTo(at + 1),
    /** Take what the n-th button of the panel says. */
    take: (number) => byId("choices").querySelectorAll("button")[number]?.click(),
    refresh() {
      refreshPanel();
      refreshPicture();
    },
  };
})();

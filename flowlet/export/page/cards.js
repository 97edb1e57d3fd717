// The cards: what is known of a state or an arrow, shown where the pointer or the focus is.
//
// A card that is only looked at goes when the pointer goes.  One that was opened by a click or by
// Enter stays until Escape, and takes the focus where the keyboard opened it.

const cards = (() => {
  const PAUSE = 120; // milliseconds before a card comes or goes
  const card = byId("card");
  let open = null; // { part, isPinned, from }
  let timer = 0;
  let isReturning = false; // the focus that a closed card gives back opens no other

  // --- what it says

  function contents(part) {
    if (part.kind === "history") return historyCard(shown.data.boxes[part.place]);
    if (part.kind !== "node") return arrowCard(part);
    const node = shown.data.nodes[part.place];
    return node.folded.length ? foldCard(node) : stateCard(node);
  }

  function stateCard({ states: some, told, active, history }) {
    const state = told ?? states[some[0]];
    const kinds = { transient: "passed through", final: "final state", error: "a crash", state: "state" };
    const kind = [kinds[state.kind], state.change, active && "the actor is here now"];
    return [
      make("p", { class: "kind" }, kind.filter(Boolean).join(", ")),
      make("h3", {}, ...path(state.path)),
      facts([
        ["accepts", state.accepts.join(", ")],
        ["keeps for later", state.deferred.join(", ")],
        ["throws away", state.discarded.join(", ")],
        ["remembers", remembered(history)],
        ["known", evidence(state)],
      ]),
      source(state.at),
      make(
        "div",
        { class: "acts" },
        make("button", { type: "button", onclick: () => simulator.beginNear(some) }, "Go on from here"),
      ),
    ];
  }

  function foldCard({ name, folded }) {
    return [
      make("p", { class: "kind" }, `folded, ${folded.length} states`),
      make("h3", {}, name),
      make("ul", { class: "inside" }, ...folded.map((one) => make("li", {}, one))),
    ];
  }

  const remembered = (history) =>
    ({ deep: "where it was left, at any depth", shallow: "where it was left, one level deep" })[history] ?? "";

  function historyCard({ name, history }) {
    return [make("p", { class: "kind" }, "history"), make("h3", {}, name), facts([["remembers", remembered(history)]])];
  }

  function arrowCard({ kind, place, line }) {
    const { ends, border, lines } = kind === "arrow" ? shown.data.arrows[place] : { lines: [line] };
    const title = ends ? ends.join(" → ") : `inside ${shown.data.boxes[place].name}`;
    const told = lines.filter((one) => layers.isLineOn(shown.data.lines[one]));
    return [
      make("h3", {}, title),
      ...told.map((one) => transition(shown.data.lines[one], border ? ends[0] : "", one === line && told.length > 1)),
    ];
  }

  /** What a line says.  It may stand for a step from each of many combinations. */
  function transition(line, border, isMeant) {
    const same = line.edges.filter(layers.isOn);
    const possible = same.filter((one) => simulator.possible().includes(one));
    const step = (one) => {
      const text = possible.length > 1 ? titleOf(edges[one]) : "Step";
      return make("button", { type: "button", class: "main", onclick: () => simulator.step(one) }, text);
    };
    return make(
      "section",
      { class: isMeant ? "transition meant" : "transition" },
      make("p", { class: "words" }, ...spaced(wordsOf(line))),
      facts([
        ["from the border of", border],
        ["out of", line.from.length > 1 ? line.from.join(", ") : ""],
        ["known", evidence(together(same))],
        ["compared", edges[same[0]]?.change ?? ""],
      ]),
      source(line.at),
      possible.length ? make("div", { class: "acts" }, ...possible.map(step)) : null,
    );
  }

  function together(same) {
    const all = same.map((edge) => edges[edge]);
    return {
      static: all.some((one) => one.static),
      reachable: all.some((one) => one.reachable),
      seen: all.reduce((sum, one) => sum + one.seen, 0),
    };
  }

  function evidence({ static: read, reachable, seen }) {
    const ways = [read && "read in the source", reachable && "reached by exploring"];
    if (seen) ways.push(seen === 1 ? "seen once" : `seen ${seen} times`);
    return ways.filter(Boolean).join(", ");
  }

  function facts(pairs) {
    const rows = pairs.filter(([, told]) => told);
    if (rows.length === 0) return null;
    return make("dl", {}, ...rows.map(([word, told]) => make("div", {}, make("dt", {}, word), make("dd", {}, told))));
  }

  function source(at) {
    if (at === null) return null;
    const link = make("a", { href: at.url, target: "_blank", rel: "noopener" }, at.text);
    const copy = make("button", { type: "button", class: "copy", "aria-label": `Copy ${at.text}` }, "Copy");
    copy.addEventListener("click", async () => {
      copy.textContent = (await copied(at.text)) ? "Copied" : "Not copied";
      setTimeout(() => (copy.textContent = "Copy"), 1500);
    });
    return make("p", { class: "source" }, link, copy);
  }

  // --- when and where it stands

  function show(part, isPinned, from = null) {
    clearTimeout(timer);
    open = { part, isPinned, from };
    card.replaceChildren(...contents(part).filter((child) => child !== null));
    if (isPinned) card.prepend(make("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "×"));
    card.classList.toggle("pinned", isPinned);
    card.hidden = false;
    place(elementOf(part));
    trace(part);
  }

  /** What has to do with a state stands out: its arrows stay, all others fade. */
  function trace({ kind, place }) {
    const some = kind === "node" ? shown.data.nodes[place].near : [];
    canvas.classList.toggle("tracing", some.length > 0);
    shown.arrows.forEach((elements, arrow) => {
      const isNear = some.includes(arrow);
      elements.forEach((one) => one.classList.toggle("near", isNear));
    });
  }

  /** Beside what it tells of, where there is room; on a narrow screen at the bottom. */
  function place(element) {
    card.scrollTop = 0;
    const frame = canvas.getBoundingClientRect();
    card.classList.toggle("docked", frame.width < 560);
    if (frame.width < 560) {
      card.style.left = card.style.top = "";
      if (open.isPinned) camera.reveal([element], card.offsetHeight + 8);
      return;
    }
    const box = element.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = card;
    const gap = 12;
    const fits = (left) => left >= 8 && left + width <= frame.width - 8;
    const right = box.right - frame.left + gap;
    const before = box.left - frame.left - gap - width;
    const left = [right, before].find(fits) ?? frame.width - width - 8;
    const clamp = (value, most) => Math.min(Math.max(8, value), Math.max(8, most - 8));
    card.style.left = `${left}px`;
    card.style.top = `${clamp(box.top + box.height / 2 - frame.top - Math.min(height, 90) / 2, frame.height - height)}px`;
  }

  function elementOf({ kind, place, line }) {
    if (line !== undefined && shown.texts[line].length) return shown.texts[line][0];
    if (kind === "node") return shown.nodes[place];
    if (kind === "box") return shown.boxes[place];
    if (kind === "history") return shown.marks[place];
    return shown.arrows[place].find((one) => one.querySelector("text")) ?? shown.arrows[place][0];
  }

  function close() {
    clearTimeout(timer);
    if (open === null) return false;
    const { from } = open;
    const hadFocus = card.contains(document.activeElement);
    open = null;
    card.hidden = true;
    canvas.classList.remove("tracing");
    if (hadFocus) {
      isReturning = true;
      (from ?? canvas).focus();
      isReturning = false;
    }
    return true;
  }

  function later(act) {
    clearTimeout(timer);
    timer = setTimeout(act, PAUSE);
  }

  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("pointerleave", () => cards.leave());

  return {
    close,
    /** The pointer or the focus has come to a part; a card that was opened on purpose stays. */
    look(part, isAtOnce = false) {
      if (open?.isPinned || isReturning) return;
      if (isAtOnce) show(part, false);
      else later(() => show(part, false));
    },
    leave() {
      if (!open?.isPinned) later(close);
    },
    pin(part, from = null) {
      show(part, true, from);
      if (from) (card.querySelector("a, button:not(.close)") ?? card.querySelector("button")).focus();
    },
    refresh() {
      if (open === null) return;
      const hadFocus = card.contains(document.activeElement);
      show(open.part, open.isPinned, open.from);
      if (hadFocus) card.querySelector("button").focus();
    },
  };
})();

function path(names) {
  return names.flatMap((name, depth) => {
    const isLast = depth === names.length - 1;
    return [make(isLast ? "b" : "span", {}, name), ...(isLast ? [] : [make("i", {}, " / ")])];
  });
}

function spaced(words) {
  return words.flatMap((word, number) => (number ? [" ", word] : [word]));
}

/** Put a text on the clipboard; pages from a disk and in a frame may not, by the new way. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const before = document.activeElement;
    const area = make("textarea", { class: "unseen", "aria-hidden": "true" }, text);
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    before?.focus();
    return isDone;
  }
}

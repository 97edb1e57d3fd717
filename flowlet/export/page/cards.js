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
    if (part.kind === "node") {
      const some = shown.data.states[part.place];
      return some.length > 1 ? foldCard(part.place, some) : stateCard(some[0]);
    }
    const some = part.kind === "arrow" ? shown.edgesOf(part.place) : shown.data.lines[part.line];
    return arrowCard(part, some.filter(layers.isOn));
  }

  function stateCard(number) {
    const state = states[number];
    const kind = { transient: "passed through", final: "final state", error: "a crash", state: "state" };
    return [
      make("p", { class: "kind" }, state.change ? `${kind[state.kind]}, ${state.change}` : kind[state.kind]),
      make("h3", {}, ...path(state.path)),
      facts([
        ["accepts", state.accepts.join(", ")],
        ["keeps for later", state.deferred.join(", ")],
        ["throws away", state.discarded.join(", ")],
        ["known", evidence(state)],
      ]),
      source(state.at),
      make(
        "div",
        { class: "acts" },
        make("button", { type: "button", onclick: () => simulator.beginAt(number) }, "Go on from here"),
      ),
    ];
  }

  function foldCard(node, some) {
    return [
      make("p", { class: "kind" }, `folded, ${some.length} states`),
      make("h3", {}, shown.data.titles[node]),
      make("ul", { class: "inside" }, ...some.map((state) => make("li", {}, nameOf(state)))),
    ];
  }

  function arrowCard(part, some) {
    const line = part.line;
    const told = new Map(); // transitions that one line stands for are told once
    for (const edge of some) {
      const key = shown.lineOf.get(edge);
      told.set(key, [...(told.get(key) ?? []), edge]);
    }
    const title =
      part.kind === "arrow"
        ? endsOf(shown, part.place).flatMap((end, i) => (i ? [" → ", end] : [end]))
        : [part.kind === "box" ? `inside ${shown.data.boxes[part.place]}` : `inside ${shown.data.titles[part.place]}`];
    return [
      make("h3", {}, ...title),
      ...[...told].map(([key, same]) => transition(same, key === line && told.size > 1)),
    ];
  }

  function transition(same, isMeant) {
    const edge = edges[same[0]];
    const from = [...new Set(same.map((one) => nameOf(edges[one].from)))];
    const possible = same.find((one) => simulator.possible().includes(one));
    return make(
      "section",
      { class: isMeant ? "transition meant" : "transition" },
      make("p", { class: "words" }, ...spaced(wordsOf(same[0]))),
      facts([
        ["from the border of", edge.border ?? ""],
        ["out of", from.length > 1 ? from.join(", ") : ""],
        ["known", evidence(together(same))],
        ["compared", edge.change ?? ""],
      ]),
      source(edge.at),
      possible === undefined
        ? null
        : make(
            "div",
            { class: "acts" },
            make("button", { type: "button", class: "main", onclick: () => simulator.step(possible) }, "Step"),
          ),
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
    const some = kind === "node" ? shown.data.states[place] : [];
    canvas.classList.toggle("tracing", some.length > 0);
    shown.arrows.forEach((elements, arrow) => {
      const isNear = shown.edgesOf(arrow).some((e) => some.includes(edges[e].from) || some.includes(edges[e].to));
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
      if (open.isPinned) camera.reveal(element, card.offsetHeight + 8);
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

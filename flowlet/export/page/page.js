// The page: pointer, keys and buttons, and what they do.

function refresh() {
  simulator.refresh();
  cards.refresh();
}

// --- pointing at parts

/** The part of the picture that an element belongs to. */
function partOf(element) {
  const text = element.closest?.("[data-line]");
  const group = element.closest?.("[data-node], [data-arrow], [data-box], [data-history]");
  if (!group) return null;
  const kind = ["node", "arrow", "box", "history"].find((one) => one in group.dataset);
  if (kind === "box" && !text) return null; // a box is the ground that other parts stand on
  const line = text ? Number(text.dataset.line) : undefined;
  return { kind, place: Number(group.dataset[kind]), line };
}

/** An event that can happen now happens; of anything else the card is opened. */
function choose(part, from = null) {
  const isStep = part.kind === "arrow" || part.line !== undefined;
  if (isStep) {
    const lines = part.line === undefined ? shown.data.arrows[part.place].lines : [part.line];
    const some = lines.flatMap((line) => shown.data.lines[line].edges);
    const possible = simulator.possible().filter((edge) => some.includes(edge));
    if (possible.length === 1) {
      cards.close();
      return simulator.step(possible[0]);
    }
  }
  cards.pin(part, from);
}

const drag = { pointers: new Map(), moved: 0 };

canvas.addEventListener("pointerdown", (event) => {
  if (event.target.closest("#card, .zoom") || event.button > 0) return;
  if (drag.pointers.size === 0) drag.moved = 0;
  drag.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
});

canvas.addEventListener("pointermove", (event) => {
  const before = drag.pointers.get(event.pointerId);
  if (!before) return;
  const now = { x: event.clientX, y: event.clientY };
  drag.moved += Math.hypot(now.x - before.x, now.y - before.y);
  if (drag.moved < 5) return; // a click with an unsteady hand
  if (!canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
  canvas.classList.add("dragging");
  if (drag.pointers.size === 1) camera.pan(now.x - before.x, now.y - before.y);
  else pinch(event.pointerId, before, now);
  drag.pointers.set(event.pointerId, now);
});

/** Of two fingers one has moved: what lies between them stays there. */
function pinch(moving, before, now) {
  const [, other] = [...drag.pointers].find(([id]) => id !== moving);
  const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y);
  const frame = canvas.getBoundingClientRect();
  camera.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  const middle = { x: (now.x + other.x) / 2 - frame.left, y: (now.y + other.y) / 2 - frame.top };
  if (apart(before) > 0) camera.zoom(apart(now) / apart(before), middle, false);
}

for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, (event) => {
    drag.pointers.delete(event.pointerId);
    if (drag.pointers.size === 0) canvas.classList.remove("dragging");
  });
}

canvas.addEventListener("click", (event) => {
  if (drag.moved >= 5 || event.target.closest("#card, .zoom")) return;
  const part = partOf(event.target);
  if (part) choose(part);
  else cards.close();
});

canvas.addEventListener("pointerover", (event) => {
  const part = drag.pointers.size ? null : partOf(event.target);
  if (part) cards.look(part);
  else if (!event.target.closest("#card")) cards.leave();
});
canvas.addEventListener("pointerleave", () => cards.leave());
canvas.addEventListener("focusin", (event) => {
  const part = partOf(event.target);
  if (part && event.target.matches(":focus-visible")) {
    camera.reveal([event.target]);
    cards.look(part, true);
  }
});
canvas.addEventListener("focusout", () => cards.leave());

canvas.addEventListener(
  "wheel",
  (event) => {
    if (event.target.closest("#card")) return;
    // In a frame the wheel scrolls what is round it, until somebody has come in.
    const isFramed = window.parent !== window;
    if (isFramed && !event.ctrlKey && !canvas.contains(document.activeElement)) return;
    event.preventDefault();
    const frame = canvas.getBoundingClientRect();
    const lines = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    const factor = Math.exp(-Math.max(-120, Math.min(120, lines)) * (event.ctrlKey ? 0.01 : 0.002));
    camera.zoom(factor, { x: event.clientX - frame.left, y: event.clientY - frame.top }, false);
  },
  { passive: false },
);

// --- keys

const PANS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const KEYS = {
  "/": () => search.focus(),
  "+": () => camera.zoom(1.3),
  "=": () => camera.zoom(1.3),
  "-": () => camera.zoom(1 / 1.3),
  0: () => camera.fit(),
  b: () => simulator.back(),
  f: () => simulator.forward(),
  r: () => simulator.reset(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    event.preventDefault(); // browsers would clear the search field before its card is closed
    if (!cards.close() && !search.clear()) document.activeElement?.blur?.();
    return;
  }
  if (event.target.matches?.("input[type=search], textarea")) return;
  const isInPicture = canvas.contains(event.target) && !event.target.closest("#card");
  if ((event.key === "Enter" || event.key === " ") && partOf(event.target)) {
    event.preventDefault();
    choose(partOf(event.target), event.target);
  } else if (event.key in PANS && (isInPicture || event.target === document.body)) {
    event.preventDefault();
    const [right, down] = PANS[event.key];
    camera.pan(right * 60, down * 60, true);
  } else if (event.key in KEYS) {
    event.preventDefault();
    KEYS[event.key]();
  } else if (/^[1-9]$/.test(event.key)) {
    simulator.take(Number(event.key) - 1);
  }
});

// --- buttons

byId("in").addEventListener("click", () => camera.zoom(1.3));
byId("out").addEventListener("click", () => camera.zoom(1 / 1.3));
byId("fit").addEventListener("click", () => camera.fit());
byId("back").addEventListener("click", () => simulator.back());
byId("forward").addEventListener("click", () => simulator.forward());
byId("reset").addEventListener("click", () => simulator.reset());

/** Light or dark as the system has it, until somebody says otherwise. */
const theme = byId("theme");
const dark = matchMedia("(prefers-color-scheme: dark)");

function paint(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  theme.setAttribute("aria-pressed", String((chosen ?? (dark.matches ? "dark" : "light")) === "dark"));
}

theme.addEventListener("click", () => {
  const next = theme.getAttribute("aria-pressed") === "true" ? "light" : "dark";
  paint(next);
  remember(next);
});
dark.addEventListener("change", () => paint(document.documentElement.dataset.theme));

// A page in a sandbox has no memory; that is no reason to fail.
function remember(chosen) {
  try {
    localStorage.setItem("flowlet-theme", chosen);
  } catch {}
}

function remembered() {
  try {
    return localStorage.getItem("flowlet-theme") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Between the folded picture and the whole one, where there are both. */
const unfold = byId("unfold");

function look(drawing) {
  cards.close();
  shown.element.hidden = true;
  shown = drawing;
  shown.element.hidden = false;
  unfold.textContent = shown === drawings[0] ? `Show all ${drawings.at(-1).nodes.length} states` : "Show it folded";
  count();
  note();
  search.refresh();
  refresh();
  const here = simulator.current();
  camera.begin(here === null ? shown.nodes.slice(0, 1) : shown.elementsOfState(here));
}

unfold.addEventListener("click", () => look(shown === drawings[0] ? drawings[1] : drawings[0]));

// --- to begin with

function count() {
  const many = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const told = [many(states.length, "state"), many(edges.length, "transition")];
  const drawn = shown.nodes.length;
  if (shown.data.folded) told.push(`drawn folded as ${drawn}`);
  else if (shown.data.apart) told.push(`drawn as ${drawn}, regions apart`);
  if (!machine.complete) told.push("not complete");
  byId("count").textContent = told.join(" · ");
}

function note() {
  const { notes } = shown.data;
  byId("notes").hidden = notes.length === 0;
  byId("notes").querySelector("ul").replaceChildren(...notes.map((one) => make("li", {}, one)));
}

paint(remembered());
layers.makeSwitches();
unfold.hidden = drawings.length < 2;
simulator.reset();
look(shown);
new ResizeObserver(() => camera.resized()).observe(canvas);
addEventListener("beforeprint", () => camera.forPaper());
addEventListener("afterprint", () => camera.fromPaper());

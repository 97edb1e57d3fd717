// Runs machines with XState, line by line: a JSON request on each line, an answer on each.
//
//   {"config": …, "delays": …}   begin a machine; it is told where it stands, and what it has done
//   {"event": "Coin"}            let it take an event
//
// What it has done is what its own actions are, by type and parameters; those of XState itself
// (a time that is started or cancelled) are left out.  No time passes: who sends an event
// `xstate.after.…` is the clock.
"use strict";

const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");

const folder = process.argv[2];
const { createMachine, initialTransition, transition } = createRequire(folder + "/")("xstate");

let machine;
let snapshot;

function answer([next, actions]) {
  snapshot = next;
  const own = actions.filter((action) => !action.type.startsWith("xstate."));
  return {
    states: next._nodes.map((node) => node.id),
    names: next._nodes.map((node) => node.meta?.name ?? null),
    done: next.status === "done",
    actions: own.map((action) => [action.type, action.params ?? null]),
  };
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  let said;
  try {
    if (request.config !== undefined) {
      machine = createMachine(request.config).provide({ delays: request.delays });
      said = answer(initialTransition(machine));
    } else {
      said = answer(transition(machine, snapshot, { type: request.event }));
    }
  } catch (error) {
    said = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(said) + "\n");
});

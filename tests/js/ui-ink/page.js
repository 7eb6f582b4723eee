/**
 * A board without a server, for trying the ink and for browser tests: changes are numbered and answered here, as
 * the server's log would, after a delay the test sets.
 */
import { NotebookDocument } from "../../../public/js/core/document.js";
import * as serverInk from "../../../public/js/core/server_ink.js";
import { Board } from "../../../public/js/ui/board.js";

const query = new URLSearchParams(location.search);
if (query.get("dir")) document.documentElement.dir = String(query.get("dir"));
if (query.get("theme")) document.documentElement.dataset.theme = String(query.get("theme"));

const notebook = new NotebookDocument();
notebook.equip(serverInk);
const log = [];
const state = { seq: 0, nextId: 1, ops: 0, echo: true, log, live: [] };

/** Number a change and bring it back as a poll would. */
function echo(op, command, data) {
  state.seq += 1;
  const entry = { seq: state.seq, command, data, op, author: { id: "u1", name: "Test" }, at: 0 };
  if (command === "a") entry.id = String(state.nextId++);
  if (command === "c") entry.id = String(state.nextId - 1);
  log.push(entry);
  notebook.applyAnswer({ from: state.seq - 1, to: state.seq, data: [entry] });
}

const board = new Board({
  root: document.getElementById("board"),
  document: notebook,
  onChange(command, data) {
    const op = `t${++state.ops}`;
    notebook.addPending({ op, command, data });
    if (state.echo) setTimeout(() => echo(op, command, data), 30);
    return op;
  },
  onLive: (info) => state.live.push(info),
  settings: { size: Number(query.get("size") ?? 5), colour: query.get("colour") ?? "#000000" },
});
notebook.load({
  seq: 0,
  epoch: "0",
  paper: { paper: query.get("paper") ?? "plain", margin: query.get("margin") ?? "none" },
  strokes: [],
});
Object.assign(window, { board, notebook, state, echo });
board.whenPainted().then(() => {
  document.documentElement.dataset.readySeq = String(notebook.seq);
});

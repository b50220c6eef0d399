import { remember } from "./neighbours.js";
import { rove, selection } from "./rows.js";

// A table of records: j/k move, o opens, x selects, the bar at the foot counts what is selected.
export function list(form) {
  const rows = rove(form);
  const chosen = selection(form);
  remember(form);
  const actions = {
    "list.next": () => rows.move(1),
    "list.previous": () => rows.move(-1),
    "list.open": () => rows.current()?.querySelector("a[href]").click(),
    "list.select": () => chosen.toggle(rows.current()),
    "list.all": () => chosen.all(() => true),
    "list.none": () => chosen.all(() => false),
  };
  const act = (event) => {
    if (!form.isConnected) return document.removeEventListener("key", act);
    const action = actions[event.detail.action];
    if (!action || event.defaultPrevented) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("key", act);
}

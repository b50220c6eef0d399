import { announce } from "./announce.js";
import { cameFrom, remember } from "./neighbours.js";
import { rove, selection } from "./rows.js";

// The inbox: the focus stays on a row; what is decided leaves, and the next one takes its place.
export function queue(form) {
  const rows = rove(form);
  const chosen = selection(form);
  const back = cameFrom(rows.all());
  remember(form);
  let place = 0;
  const panel = document.getElementById("peek");
  const wide = matchMedia("(min-width: 80rem)");
  const peek = (row) => {
    if (!row) return;
    panel.dataset.open = "true";
    panel.dataset.row = row.id;
    htmx.ajax("GET", row.dataset.peek, { source: panel, target: panel, swap: "innerHTML" });
  };
  const close = () => { panel.dataset.open = "false"; };
  const move = (step, extend) => {
    if (extend) chosen.toggle(rows.current(), true);
    const row = rows.move(step);
    if (extend) chosen.toggle(row, true);
    if (row && panel.checkVisibility()) peek(row);
  };
  // On the board: to the same place in the column beside.
  const beside = (step) => {
    const here = rows.current()?.closest("[data-column]");
    const columns = [...form.querySelectorAll("[data-column]")];
    const column = here ? columns[columns.indexOf(here) + step] : columns[0];
    if (!column) return;
    const at = here ? [...here.querySelectorAll("[data-row]")].indexOf(rows.current()) : 0;
    const cards = column.querySelectorAll("[data-row]");
    const row = rows.to(cards[Math.min(at, cards.length - 1)]);
    if (panel.checkVisibility()) peek(row);
  };
  const flagged = (name) => (row) => row.dataset[name] === "true";
  const actions = {
    "queue.next": () => move(1),
    "queue.previous": () => move(-1),
    "queue.extend_next": () => move(1, true),
    "queue.extend_previous": () => move(-1, true),
    "queue.left": () => beside(-1),
    "queue.right": () => beside(1),
    "queue.list": () => form.querySelector('[data-layout="list"]').click(),
    "queue.board": () => form.querySelector('[data-layout="board"]').click(),
    "queue.select": () => chosen.toggle(rows.current()),
    "queue.all": () => chosen.all(() => true),
    "queue.none": () => chosen.all(() => false),
    "queue.overdue": () => chosen.all(flagged("overdue")),
    "queue.mine": () => chosen.all(flagged("mine")),
    "queue.green": () => chosen.all((row) => row.dataset.risk === "GREEN"),
    "queue.open": () => rows.current() && location.assign(rows.current().dataset.url),
    "queue.peek": () => (panel.dataset.open === "true" && !wide.matches ? close() : peek(rows.current() ?? rows.move(1))),
    back: () => (panel.dataset.open === "true" && !wide.matches ? close() : chosen.all(() => false)),
  };
  const act = (event) => {
    if (!form.isConnected) return document.removeEventListener("key", act);
    const action = actions[event.detail.action];
    if (event.defaultPrevented || (["queue.left", "queue.right"].includes(event.detail.action) && !form.querySelector("[data-board]"))) return undefined;
    if (action) {
      event.preventDefault();
      return action();
    }
    return decide(event);
  };
  // A decision acts on the focused row: its own link for that decision opens the form or, for GREEN, sends it.
  const decide = (event) => {
    const row = rows.current();
    const { action, key } = event.detail;
    const wanted = action === "queue.choice" ? `[data-choice="${key}"]` : `[data-key="${CSS.escape(action)}"]`;
    const found = row?.querySelector(wanted) ?? (panel.dataset.row === row?.id ? panel.querySelector(wanted) : null);
    if (!found) return;
    event.preventDefault();
    found.click();
  };
  document.addEventListener("key", act);
  form.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row) return;
    place = rows.all().indexOf(row);
    if (row.tabIndex !== 0) rows.all().forEach((other) => { other.tabIndex = other === row ? 0 : -1; });
  });
  document.addEventListener("decided", (event) => {
    if (!form.isConnected) return;
    setTimeout(() => {
      const left = rows.all();
      const next = left[Math.min(place, left.length - 1)];
      recount();
      if (next) peekAfter(rows.to(next));
      else refill();
      if (event.detail?.said) announce(event.detail.said);
    }, 30);
  });
  document.addEventListener("said", (event) => form.isConnected && announce(event.detail.said));
  const recount = () => form.querySelectorAll("#queue > h2, [data-column] > h2").forEach((heading) => {
    const number = heading.nextElementSibling.querySelectorAll("[data-row]").length;
    if (number) heading.querySelector("span").textContent = number;
    else if (heading.closest("[data-column]")) heading.parentElement.remove();
    else [heading.nextElementSibling, heading].forEach((gone) => gone.remove());
  });
  // The page is done: the next one comes, and its first row takes the focus.
  const refill = () => {
    panel.replaceChildren();
    document.getElementById("main").focus();
    document.addEventListener("htmx:after:swap", () => setTimeout(() => rows.all()[0] && peekAfter(rows.to(rows.all()[0])), 0), { once: true });
    htmx.trigger(document.body, "queue-refresh");
  };
  const peekAfter = (row) => { if (wide.matches) peek(row); };
  if (back) peekAfter(rows.to(back));
  // Where there is room, a click on a row shows it beside the list; the link itself opens its page.
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open]");
    if (!link || !wide.matches || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    peek(rows.to(link.closest("[data-row]")));
  });
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
}

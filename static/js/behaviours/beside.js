import { announce } from "./announce.js";
import { rove } from "./rows.js";

// Where there is room, a row of the list opens its record beside it: the blocks of the record's own page, under its own address.
const wide = matchMedia("(min-width: 80rem)");

export function beside(panel) {
  const split = panel.parentElement;
  const body = panel.querySelector("[data-body]");
  const rows = rove(split);
  const name = document.title;
  let list = location.href;
  const shown = () => (panel.hidden ? "" : panel.dataset.shown);
  const rowOf = (url) => rows.all().find((row) => row.dataset.url === url);
  const draw = async (url) => {
    panel.hidden = false;
    panel.dataset.shown = url;
    panel.querySelector("[data-page]").href = url;
    await htmx.ajax("GET", url, { source: panel, target: body, swap: "innerHTML" });
    if (shown() !== url) return;
    body.scrollTop = 0;
    document.title = [body.querySelector("h1")?.innerText, name].filter(Boolean).join(" · ");
    announce(document.title);
  };
  // The first record is a step of the history, those after it take its place: Back leads to the list from each.
  const open = (url) => {
    if (shown() === url) return panel.focus();
    if (shown()) history.replaceState({ htmx: true, beside: url }, "", url);
    else {
      list = location.href;
      history.replaceState({ htmx: true }, "");
      history.pushState({ htmx: true, beside: url }, "", url);
    }
    draw(url);
    const row = rowOf(url);
    if (row && row !== document.activeElement) rows.to(row);
  };
  const close = () => {
    if (!shown()) return;
    panel.hidden = true;
    body.replaceChildren();
    document.title = name;
    settle();
  };
  // Later, because the browser takes the focus away when it has gone through the history.
  const settle = () => setTimeout(() => (rows.to(rowOf(panel.dataset.shown)) ?? document.getElementById("main")).focus(), 40);
  const leave = () => (history.state?.beside ? history.back() : close());

  split.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    const link = event.target.closest("a[href]");
    const elsewhere = link ? link.pathname !== row?.dataset.url : event.target.closest("button, input, label") || String(getSelection());
    if (!row || elsewhere || !wide.matches || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(row.dataset.url);
  });
  split.addEventListener("focusin", (event) => {
    if (shown() && event.target.matches("[data-row]") && event.target.dataset.url !== shown()) open(event.target.dataset.url);
  });
  panel.addEventListener("click", (event) => {
    const link = event.target.closest("[data-previous], [data-next]");
    if (event.target.closest('[data-key="back"]')) leave();
    else if (link && rowOf(link.pathname)) {
      event.preventDefault();
      open(link.pathname);
    }
  });
  document.addEventListener("key", (event) => {
    if (event.detail.action !== "back" || !shown() || event.defaultPrevented) return;
    event.preventDefault();
    leave();
  });
  // A list that was filtered, sorted or paged is another list: its address is in place already.
  document.addEventListener("htmx:after:history:push", () => {
    list = location.href;
    close();
  });
  // Going through the history, htmx loads the page anew; between this list and its records nothing need be loaded.
  document.addEventListener("htmx:before:history:restore", (event) => {
    const { beside } = history.state;
    if (beside && wide.matches) {
      draw(beside);
      settle();
    } else if (location.href === list) close();
    else return;
    event.preventDefault();
  });
}

// The focus is never lost to <body>: after a swap it goes to what replaced the element, else to its container.
export function focusNow(element) {
  const own = element.hasAttribute("tabindex") || element.matches("input, select, textarea, a, button");
  (own ? element : element.querySelector("input:not([type=hidden]), select, textarea"))?.focus({ preventScroll: false });
}

let last = null;

function remember(element) {
  last = { element, id: element.id, row: element.closest("[data-row]")?.id, region: element.closest("[id]")?.id };
}

function mend() {
  if (!last || document.activeElement !== document.body || last.element.isConnected) return;
  const to = [last.id, last.row, last.region, "main"].map((id) => id && document.getElementById(id)).find(Boolean);
  if (!to) return;
  if (to.tabIndex < 0 && !to.hasAttribute("tabindex")) to.tabIndex = -1;
  to.focus({ preventScroll: true });
}

export function keepFocus() {
  document.addEventListener("focusin", (event) => remember(event.target));
  document.addEventListener("htmx:after:swap", () => setTimeout(mend, 20));
  document.addEventListener("close", () => setTimeout(mend, 20), true);
}

// The bell opens what was told beneath it; without script, or with a key held that means a new window, it leads to the page.
export function bell(link) {
  const panel = document.getElementById(link.dataset.panel);
  let wasOpen = false;
  link.addEventListener("pointerdown", () => { wasOpen = panel.matches(":popover-open"); });
  link.addEventListener("click", async (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || !panel.showPopover) return;
    event.preventDefault();
    if (wasOpen) {
      wasOpen = false;
      return;
    }
    await htmx.ajax("GET", link.dataset.url, { source: panel, target: panel, swap: "innerHTML" });
    panel.showPopover({ source: link });
    panel.querySelector("a, button, summary")?.focus();
  });
  panel.addEventListener("toggle", (event) => {
    link.setAttribute("aria-expanded", event.newState === "open");
    if (event.newState === "closed") panel.replaceChildren();
  });
}

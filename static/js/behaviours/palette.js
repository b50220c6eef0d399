import { run } from "./keys.js";
import { steer } from "./options.js";

// Ctrl/Cmd+K and `/`: a dialog whose results the server draws.
export function palette(dialog) {
  const box = dialog.querySelector('input[type="search"]');
  const list = dialog.querySelector('[role="listbox"]');
  const open = () => {
    if (dialog.open) return dialog.close();
    dialog.showModal();
    box.select();
    box.dispatchEvent(new Event("palette-open"));
  };
  const choose = steer(box, list, (option, event) => {
    const link = option.matches("a") ? option : option.querySelector("a");
    dialog.close();
    if (option.dataset.run) {
      event?.preventDefault();
      run({ a: option.dataset.run });
    } else if (link && !event) location.assign(link.href);
  });
  // The first is chosen at once, and again when htmx has put its attributes in order: Enter always takes something.
  const first = () => choose(list.querySelector('[role="option"]'));
  new MutationObserver(first).observe(list, { childList: true });
  document.addEventListener("htmx:after:settle", () => dialog.open && !list.querySelector('[aria-selected="true"]') && first());
  document.addEventListener("key", (event) => {
    const { action } = event.detail;
    const local = action === "search" && document.querySelector("[data-search]");
    if (local) local.focus();
    else if (action === "palette" || action === "search") open();
    else return;
    event.preventDefault();
  });
  document.addEventListener("palette", open);
  // The browser would only empty the box: one press closes.
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    dialog.close();
  });
}

export function paletteButton(form) {
  form.addEventListener("submit", (event) => {
    if (!document.getElementById("palette")) return;
    event.preventDefault();
    document.dispatchEvent(new Event("palette"));
  });
}

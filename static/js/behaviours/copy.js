import { announce } from "./announce.js";

// Copies a permanent link, or the text that the button names.
export function copy(button) {
  button.addEventListener("click", async () => {
    const text = button.dataset.text ?? new URL(button.dataset.copy, location.href).href;
    await navigator.clipboard?.writeText(text).catch(() => {});
    button.closest("[popover]")?.hidePopover();
    announce(button.dataset.said);
    const shown = button.querySelector("span");
    if (shown) shown.textContent = button.dataset.said;
  });
}

export function print(button) {
  button.addEventListener("click", () => {
    button.closest("[popover]")?.hidePopover();
    window.print();
  });
}

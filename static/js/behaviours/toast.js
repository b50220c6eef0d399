import { announce } from "./announce.js";

// A message that goes by itself, unless it is an error or is being looked at. All that are there are spoken as one.
export function toast(element) {
  const away = () => element.remove();
  element.querySelector("[data-dismiss]")?.addEventListener("click", away);
  if (element.dataset.tone === "late") return;
  announce([...element.parentElement.querySelectorAll(".toast:not([role]) p")].map((each) => each.textContent).join(" "));
  let timer = setTimeout(away, 8000);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => { timer = setTimeout(away, 4000); });
}

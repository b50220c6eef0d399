// A message that goes by itself, unless it is an error or is being looked at.
export function toast(element) {
  const away = () => element.remove();
  element.querySelector("[data-dismiss]")?.addEventListener("click", away);
  if (element.dataset.tone === "late") return;
  let timer = setTimeout(away, 8000);
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", () => { timer = setTimeout(away, 4000); });
}

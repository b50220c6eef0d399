// One press, one effect: a plain form that is on its way is not sent again (the server also knows by the form's key).
export function once() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.method === "get" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "true";
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("[popover]")) event.target.querySelector("input:not([type=hidden])")?.focus();
  }, true);
}

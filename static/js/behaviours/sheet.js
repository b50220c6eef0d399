import { scopes } from "./keys.js";

// `?`: the keys that work here, drawn by the server for the scopes of this page.
export function sheet(dialog) {
  const body = dialog.querySelector("section");
  document.addEventListener("key", async (event) => {
    if (event.detail.action !== "sheet") return;
    event.preventDefault();
    dialog.showModal();
    await htmx.ajax("GET", `${dialog.dataset.url}?${new URLSearchParams({ scopes: scopes() })}`, { target: body, swap: "innerHTML" });
    body.focus();
  });
}

// The dialog of a decision: opens when its form arrives, closes when it was taken, gives the focus back to the row.
export function decision(dialog) {
  const body = dialog.querySelector("#decision-body");
  const page = dialog.dataset.page === "true";
  let from = null;
  const opened = () => {
    if (!body.querySelector("form") || dialog.open) return;
    from = document.activeElement;
    dialog.showModal();
    (body.querySelector("[aria-invalid]") ?? body.querySelector("[autofocus]"))?.focus();
  };
  // The row pales at once; it leaves when the server confirms, and comes back with the form when it does not.
  const deciding = (form, busy) => {
    const row = document.getElementById(form?.id.replace("decide-", "row-"));
    if (busy) row?.setAttribute("aria-busy", "true");
    else row?.removeAttribute("aria-busy");
  };
  body.addEventListener("submit", (event) => deciding(event.target, true));
  body.addEventListener("htmx:finally:request", (event) => deciding(event.target.closest("form"), false));
  body.addEventListener("htmx:after:swap", opened);
  new MutationObserver(() => {
    deciding(body.querySelector("form"), false);
    opened();
  }).observe(body, { childList: true });
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    body.replaceChildren();
    if (from?.isConnected) from.focus();
  });
  document.addEventListener("decided", () => {
    if (!dialog.isConnected) return;
    dialog.close();
    if (page) location.reload();
  });
}

// Ctrl/Cmd+Enter sends the form that is being written.
export function send(form) {
  document.addEventListener("key", (event) => {
    if (!form.isConnected || event.detail.action !== "send") return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button[name]"));
  });
}

// A section of the menu folds at once; the server is told, so that it stays so on every device.
export function fold(form) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name !== "fold" && button?.name !== "unfold") return;
    event.preventDefault();
    const sent = new URLSearchParams(new FormData(form, button));
    const items = document.getElementById(button.getAttribute("aria-controls"));
    items.hidden = !items.hidden;
    button.setAttribute("aria-expanded", String(!items.hidden));
    button.name = items.hidden ? "unfold" : "fold";
    fetch(form.action, { method: "POST", redirect: "manual", body: sent }).catch(() => {});
  });
}

// A section of the menu folds at once; the server is told, so that it stays so on every device.
export function fold(form) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name !== "fold") return;
    event.preventDefault();
    const items = document.getElementById(button.getAttribute("aria-controls"));
    items.hidden = !items.hidden;
    button.setAttribute("aria-expanded", String(!items.hidden));
    fetch(form.action, { method: "POST", redirect: "manual", body: new URLSearchParams(new FormData(form, button)) }).catch(() => {});
  });
}

// A section of the menu folds at once; the server is told, so that it stays so on every device. Where one is, is in sight.
export function fold(form) {
  const here = form.parentElement.querySelector("[aria-current=page]");
  for (const shown of [here?.closest("ul"), here]) shown?.scrollIntoView({ block: "nearest" });
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

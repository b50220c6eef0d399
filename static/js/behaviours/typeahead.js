import { steer } from "./options.js";

// A picker: the visible box is searched as it is typed in, the hidden one keeps the id of what was taken.
export function typeahead(element) {
  const hidden = element.querySelector('input[type="hidden"]');
  const box = element.querySelector('[role="combobox"]');
  const list = element.querySelector('[role="listbox"]');
  const close = () => {
    list.replaceChildren();
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const choose = steer(box, list, (option) => {
    hidden.value = option.dataset.value;
    box.value = option.dataset.text;
    close();
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
  });
  box.addEventListener("input", () => { hidden.value = ""; });
  box.addEventListener("blur", () => setTimeout(close, 150));
  // Enter takes the best match; words that name nothing yet are not sent with the form.
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && box.value.trim() && !hidden.value) event.preventDefault();
    if (event.key === "Escape" && list.childElementCount) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  let asked = "";
  box.addEventListener("htmx:config:request", (event) => {
    const { body } = event.detail.ctx.request;
    [...body.keys()].forEach((name) => body.delete(name));
    asked = hidden.value ? "" : box.value;
    body.set("q", asked);
  });
  // Only what answers the words as they stand now is offered as their best match.
  const best = () => {
    const open = box.value.trim() && asked === box.value && !hidden.value && !list.querySelector('[aria-selected="true"]');
    if (open) choose(list.querySelector('[role="option"]'));
  };
  new MutationObserver(() => {
    box.setAttribute("aria-expanded", String(list.childElementCount > 0));
    best();
  }).observe(list, { childList: true });
  element.addEventListener("htmx:after:settle", best);
}

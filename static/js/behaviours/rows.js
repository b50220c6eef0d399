// Rows with a roving focus, and which of them are selected. Shared by lists and by the inbox.
export function rove(root) {
  const all = () => [...root.querySelectorAll("[data-row]")];
  const current = () => all().find((row) => row.contains(document.activeElement)) ?? all().find((row) => row.tabIndex === 0 && row.getAttribute("aria-current"));
  const to = (row) => {
    all().forEach((other) => {
      other.tabIndex = other === row ? 0 : -1;
      if (other === row) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    });
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
    return row;
  };
  const move = (step) => {
    const rows = all();
    if (!rows.length) return undefined;
    const at = rows.indexOf(current());
    return to(rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))]);
  };
  const first = all()[0];
  if (first && !current()) first.tabIndex = 0;
  return { all, current, to, move };
}

export function selection(form) {
  const boxes = () => [...form.querySelectorAll(".row-check")];
  const count = () => {
    const number = boxes().filter((box) => box.checked).length;
    const shown = form.querySelector("[data-selected-count]");
    if (shown) shown.textContent = `${number} ${form.dataset.label ?? ""}`;
    boxes().forEach((box) => box.closest("[data-row]").setAttribute("aria-selected", String(box.checked)));
  };
  const all = (wanted) => {
    boxes().forEach((box) => { box.checked = wanted(box.closest("[data-row]")); });
    count();
  };
  const toggle = (row, checked) => {
    const box = row?.querySelector(".row-check");
    if (!box) return;
    box.checked = checked ?? !box.checked;
    count();
  };
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) all(() => event.target.checked);
    else count();
  });
  return { all, toggle, count };
}

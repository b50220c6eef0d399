// The order of a dashboard's tiles by dragging; what the buttons on them do one step at a time. The server keeps it.
export function tiles(list) {
  const form = document.getElementById(list.dataset.form);
  let held = null;
  list.addEventListener("dragstart", (event) => {
    held = event.target.closest("[data-tile]");
    if (held) event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-tile]");
    if (!held || !over) return;
    event.preventDefault();
    if (over === held) return;
    const follows = held.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
    over[follows ? "after" : "before"](held);
  });
  list.addEventListener("drop", (event) => {
    if (held) event.preventDefault();
  });
  list.addEventListener("dragend", () => {
    if (!held) return;
    held = null;
    const body = new URLSearchParams(new FormData(form));
    for (const tile of list.children) body.append("order", tile.dataset.tile);
    fetch(form.action, { method: "POST", redirect: "manual", body }).catch(() => {});
  });
}

// The builder of workflows: a new step, a step or a link is dragged onto another step; a plain form tells the server what was meant.
export function builder(root) {
  const form = root.querySelector("[data-drop]");
  let held = null;
  const mark = (row) => {
    root.querySelectorAll("[data-over]").forEach((each) => delete each.dataset.over);
    if (row) row.dataset.over = held.dataset.drag;
  };
  const under = (event) => {
    const row = held && event.target.closest?.("[data-path]:not([data-drag])");
    if (!row || row.dataset.path === held.dataset.path) return null;
    return held.dataset.drag === "link" || "after" in row.dataset ? row : null;
  };
  root.addEventListener("dragstart", (event) => {
    held = event.target.closest?.("[data-drag]");
    if (!held) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.innerText.trim());
  });
  root.addEventListener("dragover", (event) => {
    const row = under(event);
    mark(row);
    if (row) event.preventDefault();
  });
  root.addEventListener("drop", (event) => {
    const row = under(event);
    if (!row) return;
    event.preventDefault();
    const { drag, kind, path } = held.dataset;
    Object.entries({ do: drag, kind: kind ?? "", path: path ?? row.dataset.path, to: row.dataset.path }).forEach(([name, value]) => {
      form.elements[name].value = value;
    });
    form.requestSubmit();
  });
  root.addEventListener("dragend", () => {
    mark(null);
    held = null;
  });
}

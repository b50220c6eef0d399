// What is typed is kept: sent to the server while typing, guarded when leaving, saved by Ctrl/Cmd+S.
export function draft(form) {
  let dirty = false;
  let timer = 0;
  const status = form.querySelector("[data-draft-status]");
  const keep = async () => {
    if (!dirty || !form.isConnected) return;
    const body = new FormData(form);
    for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
    const answer = await fetch(form.dataset.draft, { method: "POST", body: new URLSearchParams(body) }).catch(() => null);
    if (!answer?.ok) return;
    dirty = false;
    if (status) status.textContent = form.dataset.kept;
  };
  form.addEventListener("input", () => {
    dirty = true;
    if (!form.dataset.draft) return;
    clearTimeout(timer);
    timer = setTimeout(keep, 1200);
  });
  form.addEventListener("submit", () => { dirty = false; clearTimeout(timer); });
  document.addEventListener("key", (event) => {
    if (!form.isConnected || !["form.save", "send"].includes(event.detail.action)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty && form.isConnected) event.preventDefault();
  });
}

// What is typed is kept: sent to the server while typing, guarded when leaving, saved by Ctrl/Cmd+S. A session that ended meanwhile loses
// nothing either: the browser holds the fields until the sign-in page leads back.
export function draft(form) {
  let dirty = false;
  let timer = 0;
  const status = form.querySelector("[data-draft-status]");
  const place = `typed:${location.pathname}`;
  const fields = () => [...form.elements].filter((each) => each.name && !["hidden", "password", "file", "submit"].includes(each.type));
  const hold = () => {
    const typed = fields().map(({ name, value, type, checked }) => [name, ["checkbox", "radio"].includes(type) ? [value, checked] : value]);
    sessionStorage.setItem(place, JSON.stringify(typed));
  };
  const back = () => {
    const held = JSON.parse(sessionStorage.getItem(place) ?? "null");
    sessionStorage.removeItem(place);
    if (!held || !document.referrer || !new URL(document.referrer).pathname.startsWith("/sign-in")) return;
    const now = fields();
    held.forEach(([name, value], index) => {
      if (now[index]?.name !== name) return;
      if (Array.isArray(value)) now[index].checked = value[1];
      else now[index].value = value;
    });
    form.dispatchEvent(new Event("input", { bubbles: true }));
  };
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
  form.addEventListener("submit", () => { hold(); dirty = false; clearTimeout(timer); });
  document.addEventListener("session-over", () => { if (dirty) hold(); dirty = false; clearTimeout(timer); });
  document.addEventListener("key", (event) => {
    if (!form.isConnected || !["form.save", "send"].includes(event.detail.action)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty && form.isConnected) event.preventDefault();
  });
  back();
}

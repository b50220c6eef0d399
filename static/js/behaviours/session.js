// A session that nears its end says so in time: one key or click keeps it. When it is over, what was typed waits behind the sign-in page.
const WARN = 120; // seconds; the shortest limit that can be set is 300
const FIRST = 150;

// What the page asks for by itself, because something changed elsewhere, is no use of the session.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  if (/-(changed|refresh)$/.test(ctx.sourceEvent?.type ?? "")) ctx.request.headers["X-Automatic"] = "1";
});

export function session(dialog) {
  const form = dialog.querySelector("form");
  const began = Date.now();
  let timer = 0;
  let end = 0;
  let shown = "";
  const later = (seconds) => { clearTimeout(timer); timer = setTimeout(ask, seconds * 1000); };
  const show = (name) => {
    if (shown === name) return;
    shown = name;
    dialog.querySelectorAll("[data-when]").forEach((each) => { each.hidden = each.dataset.when !== name; });
    if (!dialog.open) dialog.showModal();
    dialog.querySelector(`[data-when="${name}"] [data-answer]`).focus();
  };
  const hide = () => { shown = ""; if (dialog.open) dialog.close(); };
  const over = () => {
    clearTimeout(timer);
    document.dispatchEvent(new CustomEvent("session-over"));
    dialog.querySelector("[data-again]").href = `/sign-in?ended=1&next=${encodeURIComponent(location.pathname + location.search)}`;
    show("over");
  };
  const tick = () => {
    if (shown !== "idle" && shown !== "whole") return;
    const seconds = Math.max(0, Math.round((end - Date.now()) / 1000));
    dialog.querySelectorAll("[data-count]").forEach((each) => { each.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`; });
    setTimeout(tick, 500);
  };
  async function ask(options = { headers: { "X-Automatic": "1" } }) {
    const answer = await fetch(options.method ? form.action : dialog.dataset.left, { redirect: "manual", ...options }).catch(() => null);
    if (answer?.type === "opaqueredirect") return over();
    if (!answer?.ok) return later(30);
    const { idle, whole } = await answer.json();
    end = Date.now() + idle * 1000;
    if (idle > WARN) { hide(); return later(idle - WARN); }
    show(whole <= idle ? "whole" : "idle");
    tick();
    later(idle + 1);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask({ method: "POST", headers: { "X-CSRF-Token": form.elements.csrf_token.value } });
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (shown === "idle") form.requestSubmit();
    else if (shown === "whole") dialog.close();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - began > FIRST * 1000) ask(); });
  Object.keys(sessionStorage).filter((key) => key.startsWith("typed:") && key !== `typed:${location.pathname}`).forEach((key) => sessionStorage.removeItem(key));
  later(FIRST);
}

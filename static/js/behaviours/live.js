// Badges that move: the stream says only which event happened, elements ask again; refused streams fall back to asking.
const EVENTS = ["audit", "badges", "inbox", "jobs", "notifications", "records", "resync"];

export function live(element) {
  const { stream, poll } = element.dataset;
  let timer = 0;
  let soon = 0;
  const draw = (counts) => {
    for (const [name, number] of Object.entries(counts)) {
      document.querySelectorAll(`[data-badge="${CSS.escape(name)}"]`).forEach((badge) => { badge.textContent = number || ""; });
    }
  };
  const ask = async () => {
    const answer = await fetch(poll, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok) draw(await answer.json());
  };
  const wait = () => {
    timer ||= setInterval(() => { if (!document.hidden) ask(); }, 30000);
  };
  if (!window.EventSource || !stream) return wait();
  const source = new EventSource(stream);
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => {
      if (name !== "audit") { // it comes with everything, and moves no badge
        clearTimeout(soon);
        soon = setTimeout(ask, 300);
      }
      document.body.dispatchEvent(new CustomEvent(`${name}-changed`, { detail: { id: event.data } }));
    });
  }
  source.addEventListener("open", () => { clearInterval(timer); timer = 0; });
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) wait(); });
  window.addEventListener("pagehide", () => source.close());
}

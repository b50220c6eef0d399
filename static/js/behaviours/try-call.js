// Makes a call of the API with the token that was typed, and shows what came back. The session's cookie stays at home.
export function tryCall(form) {
  form.hidden = false;
  const shown = form.querySelector("output");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    const { token, address, body } = form.elements;
    const headers = { Authorization: `Bearer ${token.value.trim()}` };
    if (form.dataset.match) headers["If-Match"] = form.dataset.match;
    if (body) headers["Content-Type"] = "application/json";
    const begun = performance.now();
    const say = (status, text) => {
      shown.hidden = false;
      shown.querySelector("[data-status]").textContent = status;
      shown.querySelector("[data-answer]").textContent = text;
    };
    try {
      const url = new URL(address.value, location.origin);
      if (url.origin !== location.origin) throw new TypeError(url.origin);
      const answer = await fetch(url, { method: form.dataset.method, headers, body: body?.value, credentials: "omit" });
      const text = await answer.text();
      const took = Math.round(performance.now() - begun);
      say(`${answer.status} · ${took} ms`, text.startsWith("{") ? JSON.stringify(JSON.parse(text), null, 2) : text);
    } catch {
      say(form.dataset.away, "");
    }
  });
}

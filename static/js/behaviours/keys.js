// Presses and sequences (`g i`, `* a`) from the registry that the server printed; only outside text fields.
const registry = JSON.parse(document.querySelector('meta[name="keys"]')?.content || "[]");
const bindings = new Map(registry.flatMap((entry) => entry.k.map((keys) => [keys, entry])));
const prefixes = new Set([...bindings.keys()].filter((k) => k.includes(" ")).map((k) => k.split(" ")[0]));
const WAIT = 1500;
let pending = "";
let timer = 0;

export function scopes() {
  return [...new Set(registry.filter((entry) => entry.a.includes(".")).map((entry) => entry.a.split(".")[0]))].filter((scope) => scope !== "go").join(",");
}

function press(event) {
  const graph = event.getModifierState?.("AltGraph");
  if (event.altKey && !graph) return "";
  const key = event.key === " " ? "Space" : event.key;
  if ((event.ctrlKey || event.metaKey) && !graph) return `Mod+${key.length === 1 ? key.toLowerCase() : key}`;
  if (event.shiftKey && /^\p{L}$/u.test(key)) return `Shift+${key.toUpperCase()}`;
  return key.length === 1 ? key.toLowerCase() : key;
}

function candidates(event) {
  const first = press(event);
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  const usable = digit && !event.ctrlKey && !event.metaKey && !event.altKey;
  return usable ? [first, digit] : [first];
}

function typing(target) {
  return target.isContentEditable || target.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function clear() {
  pending = "";
  clearTimeout(timer);
}

function visible(element) {
  return element.checkVisibility?.() ?? true;
}

function button(action, from) {
  const named = `[data-key="${CSS.escape(action)}"]`;
  const near = from.closest?.("[data-row], form, dialog")?.querySelector(named);
  return near && visible(near) ? near : [...document.querySelectorAll(named)].find(visible);
}

export function run(entry, key, from = document.activeElement ?? document.body) {
  const asked = new CustomEvent("key", { bubbles: true, cancelable: true, detail: { action: entry.a, key } });
  if (!from.dispatchEvent(asked)) return true;
  const found = button(entry.a, from);
  if (found) found.click();
  else if (entry.u) location.assign(entry.u);
  return Boolean(found || entry.u);
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat && !/^Arrow|^[jk]$/i.test(event.key)) return;
    if (["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) return;
    const inField = typing(event.target);
    const open = document.querySelector("dialog[open]");
    if (event.key === "Escape" && (inField || document.querySelector(":popover-open"))) {
      if (inField && !open) (document.querySelector('[data-row][tabindex="0"]') ?? document.getElementById("main"))?.focus();
      return;
    }
    for (const single of candidates(event)) {
      if ((inField || open) && !single.startsWith("Mod+")) break;
      const sequence = pending ? `${pending} ${single}` : single;
      const entry = bindings.get(sequence);
      if (!entry && !pending && prefixes.has(single)) {
        pending = single;
        timer = setTimeout(clear, WAIT);
        event.preventDefault();
        return;
      }
      if (!entry) continue;
      clear();
      if (/^(Enter|Space|Arrow)/.test(single) && event.target.matches("a, button, summary, input, [role=option]")) return;
      if (run(entry, single, event.target)) event.preventDefault();
      return;
    }
    clear();
  });
}

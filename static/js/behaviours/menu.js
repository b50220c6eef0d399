// Arrow keys inside a menu; Escape and click outside are the browser's own.
export function menu(element) {
  element.addEventListener("keydown", (event) => {
    const items = [...element.querySelectorAll("a, button, summary")].filter((item) => item.checkVisibility());
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined || !items.length) return;
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  });
  element.addEventListener("toggle", (event) => {
    if (event.newState === "open") element.querySelector("a, button")?.focus();
  });
}

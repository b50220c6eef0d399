// Counts the hold window down; when it is over the bar goes, because nothing can be undone by it any more.
export function countdown(form) {
  const shown = form.querySelector("[data-countdown]");
  const end = Date.now() + Number(form.dataset.seconds) * 1000;
  const tick = () => {
    if (!form.isConnected) return;
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left <= 0) return form.replaceChildren();
    shown.textContent = left;
    setTimeout(tick, 250);
  };
  tick();
}

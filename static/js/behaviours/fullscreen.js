// A button that shows an element alone on the screen, where the browser can; it is hidden otherwise.
export function fullscreen(button) {
  const shown = document.getElementById(button.dataset.target);
  if (!shown?.requestFullscreen) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    (document.fullscreenElement ? document.exitFullscreen() : shown.requestFullscreen()).catch(() => {});
  });
}

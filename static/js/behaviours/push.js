// Asks, once its button is pressed, whether this browser may be told while no page is open; what the browser gives goes along with the form.
const WORKER = "/worker.js";

function trusted() {
  const rules = { createScriptURL: (url) => { if (url !== WORKER) throw new TypeError(url); return url; } };
  return window.trustedTypes ? window.trustedTypes.createPolicy("worker", rules).createScriptURL(WORKER) : WORKER;
}

function bytes(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
}

export function push(form) {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  form.hidden = false;
  const said = form.querySelector("[data-said]");
  const { address, key, secret } = form.elements;
  const subscribe = async () => {
    if (await Notification.requestPermission() !== "granted") throw new Error("refused");
    const worker = await navigator.serviceWorker.register(trusted(), { scope: `/${location.pathname.split("/")[1]}/` });
    await new Promise((done) => { const look = () => (worker.active ? done() : setTimeout(look, 50)); look(); });
    const given = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(form.dataset.sender) });
    const { endpoint, keys } = given.toJSON();
    [address.value, key.value, secret.value] = [endpoint, keys.p256dh, keys.auth];
  };
  form.addEventListener("submit", async (event) => {
    if (address.value) return;
    event.preventDefault();
    said.hidden = true;
    try {
      await subscribe();
      form.requestSubmit();
    } catch {
      said.hidden = false;
    }
  });
}

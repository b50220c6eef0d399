// Asks this device for a passkey, or to make one; the form carries the answer. Where passkeys are unknown it stays hidden: other factors serve.
export function passkey(form) {
  const known = window.PublicKeyCredential;
  if (!known?.parseRequestOptionsFromJSON) return;
  form.hidden = false;
  const answer = form.querySelector("[data-answer]");
  const said = form.querySelector("[data-said]");
  const ask = () => {
    const options = JSON.parse(form.dataset.options);
    return form.dataset.make
      ? navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON(options) })
      : navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON(options) });
  };
  form.addEventListener("submit", async (event) => {
    if (answer.value) return;
    event.preventDefault();
    said.hidden = true;
    try {
      answer.value = JSON.stringify((await ask()).toJSON());
      form.requestSubmit();
    } catch {
      said.hidden = false;
    }
  });
}

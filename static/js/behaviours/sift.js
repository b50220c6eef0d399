// Letters as they are compared: small, and without marks.
export const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

// Shows only the rows whose words have what is typed into the search box of the form, as it is typed.
export function sift(form) {
  const box = form.querySelector("input[type=search]");
  if (!box) return;
  const show = () => {
    const wanted = plain(box.value);
    form.querySelectorAll("[data-sift]").forEach((row) => { row.hidden = !row.dataset.sift.includes(wanted); });
    form.querySelectorAll("[data-sift-group]").forEach((group) => { group.hidden = !group.querySelector("[data-sift]:not([hidden])"); });
  };
  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

import { plain } from "./sift.js";

// A box above a long list of choices: only those stay whose words have all that is typed. Enter takes the first of them.
export function narrow(place) {
  const [box, list, told] = ["input[type=search]", "select", "output"].map((each) => place.querySelector(each));
  const all = [...list.options];
  const fits = (words) => (option) => words.every((word) => plain(option.text).includes(word));
  let found = [];
  box.hidden = false;
  box.addEventListener("input", () => {
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    found = words.length ? all.filter((option) => option.value && fits(words)(option)) : [];
    const chosen = list.value;
    list.replaceChildren(...all.filter((option) => !option.value || !words.length || option.value === chosen || found.includes(option)));
    list.value = chosen; // what is taken out and put in again has forgotten which one was selected
    told.value = words.length ? `${found.length} / ${all.filter((option) => option.value).length}` : "";
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (!found.length) return;
    list.value = found[0].value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    list.focus();
  });
}

import { announce } from "./announce.js";

// The order of a section of the menu: by dragging an item, or with Alt and the arrow keys on it; the server keeps it.
export function order(menu) {
  const form = document.getElementById("menu-choices");
  let held = null;
  const keep = (list) => {
    const body = new URLSearchParams(new FormData(form));
    body.append("arrange", list.dataset.group);
    for (const item of list.children) body.append("item", item.dataset.item);
    fetch(form.action, { method: "POST", redirect: "manual", body }).catch(() => {});
  };
  menu.addEventListener("dragstart", (event) => {
    held = event.target.closest("[data-item]");
    if (held) event.dataTransfer.effectAllowed = "move";
  });
  menu.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-item]");
    if (!held || over?.parentElement !== held.parentElement) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (over !== held) over[event.clientY < box.top + box.height / 2 ? "before" : "after"](held);
  });
  menu.addEventListener("drop", (event) => {
    if (held) event.preventDefault();
  });
  menu.addEventListener("dragend", () => {
    if (held) keep(held.parentElement);
    held = null;
  });
  menu.addEventListener("keydown", (event) => {
    const item = event.target.closest("[data-item]");
    const up = event.key === "ArrowUp";
    const other = up ? item?.previousElementSibling : item?.nextElementSibling;
    if (!event.altKey || !other || !(up || event.key === "ArrowDown")) return;
    event.preventDefault();
    other[up ? "before" : "after"](item);
    event.target.focus();
    keep(item.parentElement);
    announce(`${event.target.innerText.trim()}, ${[...item.parentElement.children].indexOf(item) + 1} / ${item.parentElement.childElementCount}`);
  });
}

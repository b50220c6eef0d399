// `[` and `]`: the records before and after this one in the list that it was opened from.
const KEPT = "opsflux-rows";

export function remember(root) {
  const addresses = [...root.querySelectorAll("[data-row][data-url]")].map((row) => row.dataset.url);
  sessionStorage.setItem(KEPT, JSON.stringify(addresses));
}

export function neighbours(element) {
  const addresses = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  const at = addresses.indexOf(location.pathname);
  if (at < 0) return;
  for (const [name, address] of [["previous", addresses[at - 1]], ["next", addresses[at + 1]]]) {
    const link = element.querySelector(`[data-${name}]`);
    if (address) link.href = address;
    else link.remove();
  }
  element.hidden = false;
}

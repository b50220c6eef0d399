// `[` and `]`: the records before and after this one in the list that it was opened from.
const KEPT = "opsflux-rows";

function kept() {
  return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
}

export function remember(root) {
  const addresses = [...root.querySelectorAll("[data-row][data-url]")].map((row) => row.dataset.url);
  sessionStorage.setItem(KEPT, JSON.stringify(addresses));
}

// Whoever comes back from a record finds its row; when it is gone, the one that took its place.
export function cameFrom(rows) {
  const addresses = kept();
  const at = document.referrer ? addresses.indexOf(new URL(document.referrer).pathname) : -1;
  const order = at < 0 ? [] : [...addresses.slice(at), ...addresses.slice(0, at).reverse()];
  return order.map((address) => rows.find((row) => row.dataset.url === address)).find(Boolean);
}

export function neighbours(element) {
  const addresses = kept();
  const at = addresses.indexOf(location.pathname);
  if (at < 0) return;
  for (const [name, address] of [["previous", addresses[at - 1]], ["next", addresses[at + 1]]]) {
    const link = element.querySelector(`[data-${name}]`);
    if (address) link.href = address;
    else link.remove();
  }
  element.hidden = false;
}

// On a phone the tabs are a strip that scrolls: the one that is open is in sight.
export function tabbar(nav) {
  nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

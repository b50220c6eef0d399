// Long work: the server draws the state again every two seconds until it says that it is over; hidden tabs wait.
export function progress(element) {
  const ask = async () => {
    if (!element.isConnected || element.dataset.over === "true") return;
    if (!document.hidden) await htmx.ajax("GET", element.dataset.url, { target: element, swap: "outerMorph" }).catch(() => {});
    const now = document.getElementById(element.id);
    if (now?.dataset.over === "true" && now.closest('[data-then="reload"]')) location.reload();
    else if (now && now.dataset.over !== "true") setTimeout(ask, Number(element.dataset.every ?? 2) * 1000);
  };
  setTimeout(ask, 1000);
}

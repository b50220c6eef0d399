// Starts each behaviour on the elements that name it in data-behaviour, now and whenever htmx brings new ones.
import { bell } from "./behaviours/bell.js";
import { beside } from "./behaviours/beside.js";
import { builder } from "./behaviours/builder.js";
import { copy, print } from "./behaviours/copy.js";
import { countdown } from "./behaviours/undo.js";
import { decision, send } from "./behaviours/decision.js";
import { draft } from "./behaviours/draft.js";
import { filters } from "./behaviours/filters.js";
import { fold } from "./behaviours/fold.js";
import { focusNow } from "./behaviours/focus.js";
import { fullscreen } from "./behaviours/fullscreen.js";
import { list } from "./behaviours/list.js";
import { live } from "./behaviours/live.js";
import { menu } from "./behaviours/menu.js";
import { neighbours } from "./behaviours/neighbours.js";
import { order } from "./behaviours/order.js";
import { palette, paletteButton } from "./behaviours/palette.js";
import { passkey } from "./behaviours/passkey.js";
import { progress } from "./behaviours/progress.js";
import { push } from "./behaviours/push.js";
import { queue } from "./behaviours/queue.js";
import { session } from "./behaviours/session.js";
import { sheet } from "./behaviours/sheet.js";
import { narrow } from "./behaviours/narrow.js";
import { sift } from "./behaviours/sift.js";
import { tabbar } from "./behaviours/tabbar.js";
import { tryCall } from "./behaviours/try-call.js";
import { tiles } from "./behaviours/tiles.js";
import { toast } from "./behaviours/toast.js";
import { typeahead } from "./behaviours/typeahead.js";
import { listenToKeys } from "./behaviours/keys.js";
import { keepFocus } from "./behaviours/focus.js";
import { once } from "./behaviours/once.js";

const behaviours = { bell, beside, builder, copy, print, undo: countdown, decision, send, draft, filters, fold, focus: focusNow, fullscreen, list, live, menu, narrow, neighbours, order, palette, "palette-button": paletteButton, passkey, progress, push, queue, session, sheet, sift, tabbar, tiles, toast, "try-call": tryCall, typeahead };
const started = new WeakMap();

function start(element) {
  for (const name of element.dataset.behaviour.split(" ")) {
    const known = started.get(element) ?? new Set();
    if (known.has(name) || !behaviours[name]) continue;
    started.set(element, known.add(name));
    behaviours[name](element);
  }
}

function scan(root) {
  if (root.dataset?.behaviour) start(root);
  root.querySelectorAll?.("[data-behaviour]").forEach(start);
}

scan(document.body);
new MutationObserver((records) => records.forEach((record) => record.addedNodes.forEach(scan))).observe(document.body, { childList: true, subtree: true });
listenToKeys();
keepFocus();
once();
document.documentElement.dataset.ready = "true";

// Shows what the reader is told while no page is open; a click opens what it is about. It keeps nothing and answers no request.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const said = event.data?.json() ?? {};
  if (!said.title) return;
  event.waitUntil(self.registration.showNotification(said.title, {
    body: said.text, tag: said.tag, renotify: Boolean(said.tag), requireInteraction: Boolean(said.urgent), data: { url: said.url },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url ?? "/", self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const open = pages.find((page) => page.url === url.href);
    return open ? open.focus() : self.clients.openWindow(url.href);
  })());
});

// An address names only the filters that are on.
export function filters(form) {
  form.addEventListener("htmx:config:request", (event) => {
    const { body } = event.detail.ctx.request;
    for (const name of new Set(body.keys())) {
      const values = body.getAll(name).filter(Boolean);
      body.delete(name);
      values.forEach((value) => body.append(name, value));
    }
  });
}

// The command palette: Ctrl+K, or its button, then a few letters of a page, a setting or a row. It shows what the page
// /search finds, and Enter without a choice goes to that page.

import { go } from "./swapping.js";

const PAUSE = 150;

function option(hit, number) {
  const made = document.createElement("li");
  const name = document.createElement("span");
  const kind = document.createElement("span");
  made.id = `palette-${number}`;
  made.role = "option";
  made.dataset.path = hit.path;
  name.textContent = hit.name;
  kind.textContent = hit.kind;
  kind.className = "badge note";
  made.append(name, kind);
  return made;
}

export function palette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  const status = dialog.querySelector("[role=status]");
  let waiting = 0;
  let asking = null;
  let chosen = -1;
  let shown = "";

  function choose(number) {
    const options = [...list.children];
    options[chosen]?.setAttribute("aria-selected", "false");
    chosen = options.length ? (number + options.length) % options.length : -1;
    const one = options[chosen];
    field.setAttribute("aria-activedescendant", one?.id ?? "");
    one?.setAttribute("aria-selected", "true");
    one?.scrollIntoView({ block: "nearest" });
  }

  function show(hits) {
    list.replaceChildren(...hits.map(option));
    for (const one of list.children) one.setAttribute("aria-selected", "false");
    status.textContent = hits.length ? dialog.dataset.found.replace("{n}", hits.length) : dialog.dataset.nothing;
    chosen = -1;
    choose(0);
  }

  async function ask() {
    asking?.abort();
    clearTimeout(waiting);
    asking = new AbortController();
    const text = field.value.trim();
    const address = `/search/hits?q=${encodeURIComponent(text)}`;
    const answer = await fetch(address, { signal: asking.signal }).catch(() => null);
    if (answer?.redirected) location.reload();
    else if (answer?.ok) {
      show((await answer.json()).hits);
      shown = text;
    }
  }

  function take(one) {
    dialog.close();
    go(one ? one.dataset.path : `/search?q=${encodeURIComponent(field.value.trim())}`);
  }

  function open() {
    if (dialog.open) return;
    field.value = "";
    dialog.showModal();
    field.focus();
    ask();
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose(chosen + step);
  });
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (shown !== field.value.trim()) await ask();
    take(list.children[chosen]);
  });
  list.addEventListener("click", (event) => {
    const one = event.target.closest("[role=option]");
    if (one) take(one);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) open(); });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
}

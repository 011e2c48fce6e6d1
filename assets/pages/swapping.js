// What a reload would have done, when htmx has put an answer into the page instead: focus, place, what is said to a
// screen reader, and what becomes of answers that are no page of the frame (signed out, an error, a file, no answer).

import htmx from "htmx.org";
import { hasEdits } from "./edits.js";

const MOST_ASKS = 120;
const frame = () => document.getElementById("frame");
const fault = () => document.getElementById("fault");

export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50);
  setTimeout(() => { place.textContent = ""; }, 1500);
}

function tell(text) {
  fault().textContent = text;
  fault().hidden = false;
}

// How to find again, in a new page, what somebody was at.
function identity(element) {
  if (!element || element === document.body) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const name = element.getAttribute("name");
  const value = element.getAttribute("value");
  if (name && value !== null) return `[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

const path = (address) => new URL(address, location.href).pathname;

// Does an answer have the frame that all pages have? Anything else is not swapped in.
function isPage(ctx) {
  if (ctx.text.includes('id="frame"') || ctx.text.includes('id="bar"')) return true;
  const { raw } = ctx.response;
  if (raw.ok && (raw.redirected || ctx.request.method === "GET")) location.assign(raw.url);
  else {
    const page = new DOMParser().parseFromString(ctx.text, "text/html");
    tell((page.querySelector("#main") ?? page.body).innerText.trim().slice(0, 1000));
  }
  return false;
}

function settle(ctx) {
  const { restored, samePath, focused } = ctx.was;
  if (restored) {
    say(document.title); // the browser itself brings back focus and place
    return;
  }
  const main = document.getElementById("main");
  const wrong = ctx.response.status >= 400 && main.querySelector('[aria-invalid="true"], [role="alert"]');
  if (samePath) {
    const typing = document.activeElement?.matches("input, textarea") ? document.activeElement : null;
    const typed = typing?.value;
    for (const form of frame().querySelectorAll("form")) form.reset();
    if (typing && typing.value !== typed) typing.value = typed;
  } else if (!ctx.request.anchor && ctx.request.method) {
    scrollTo(0, 0);
  }
  if (wrong) {
    const at = wrong.matches("[aria-invalid]") ? wrong : Object.assign(wrong, { tabIndex: -1 });
    at.focus();
  } else if (!samePath) main.focus({ preventScroll: true });
  else if (focused && !document.activeElement?.matches(focused)) frame().querySelector(focused)?.focus();
  // What was done says itself: its place is a live region on every page.
  if (!samePath) say(document.title);
  else if (!main.querySelector(".done")) say(main.querySelector(".empty, .total")?.textContent.trim() ?? "");
}

// Go to a page as a click on a link would.
export function go(path) {
  const link = Object.assign(document.createElement("a"), { href: path, hidden: true });
  frame().append(link);
  htmx.process(link);
  link.click();
  link.remove();
}

let underway = null;
let next = null;

// One answer at a time for the frame, or a late one would take the place of what was asked for last. A page that is
// asked for ends the wait for another; an act is never broken off, and a link clicked meanwhile is followed after it.
function mayStart({ sourceElement, request }) {
  if (!underway) return true;
  if (sourceElement.matches('[hx-trigger^="every"]')) return false;
  if (underway.request.method === "GET") {
    underway.request.abort();
    return true;
  }
  if (sourceElement === document.body) next = location.href;
  else if (sourceElement.matches("a[href]")) next = sourceElement.getAttribute("href");
  return false;
}

export function swapping() {
  let asked = 0;
  const on = (name, heard) => document.addEventListener(`htmx:${name}`, heard);

  on("config:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement.id === "bar") {
      asked += 1;
      if (asked > MOST_ASKS) event.preventDefault();
    }
    if (ctx.target !== frame()) return;
    if (!mayStart(ctx) || (hasEdits(ctx.sourceElement) && !confirm(fault().dataset.edits))) event.preventDefault();
  });

  on("before:request", (event) => { if (event.detail.ctx.target === frame()) underway = event.detail.ctx; });

  on("finally:request", (event) => {
    if (event.detail.ctx !== underway) return;
    underway = null;
    const path = next;
    next = null;
    if (path) go(path);
  });

  on("after:request", (event) => {
    fault().hidden = true;
    if (!isPage(event.detail.ctx)) event.preventDefault();
  });

  on("before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    if (ctx.target !== frame()) return;
    const { raw, status } = ctx.response;
    if (ctx.request.headers?.["HX-History-Restore-Request"]) {
      ctx.was = { restored: true };
      return;
    }
    const samePath = path(raw.url) === location.pathname;
    asked = 0;
    ctx.was = { samePath, focused: identity(document.activeElement) };
    if (samePath && status < 400) tasks[0].swapSpec.style = "outerMorph";
  });

  on("before:history:update", (event) => {
    if (event.detail.response?.status >= 400) event.preventDefault();
  });

  on("after:swap", (event) => {
    if (event.detail.ctx.was) settle(event.detail.ctx);
    document.dispatchEvent(new Event("page:changed"));
  });

  on("error", () => tell(fault().dataset.gone));
}

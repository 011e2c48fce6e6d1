// Small comforts: one box ticks all, a choice is sent when it is made, "/" goes to the search, the countdown counts.
// Everything is listened for on the document, so it works on what came into the page later.

import htmx from "htmx.org";
import { keepEdits } from "./edits.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function tickAll(event) {
  const { form } = event.target;
  const box = form?.querySelector("input[data-all]");
  if (!box) return;
  const rows = all(`input[name="${box.dataset.all}"]`, form);
  if (event.target === box) rows.forEach((row) => { row.checked = box.checked; });
  const ticked = rows.filter((row) => row.checked).length;
  box.checked = ticked > 0 && ticked === rows.length;
  box.indeterminate = ticked > 0 && ticked < rows.length;
}

function goToKey(event) {
  const typing = event.composedPath()[0].closest?.("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = all("[data-key]").find((one) => one.dataset.key === event.key);
  if (target) {
    event.preventDefault();
    target.focus();
    target.select?.();
  }
}

function words(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${String(seconds % 60).padStart(2, "0")} s` : `${seconds} s`;
}

const ends = new WeakMap();

// The server says how many seconds are left and writes them in words; from then on they are counted here.
function count(place) {
  const text = place.textContent;
  let known = ends.get(place);
  if (known?.given !== place.dataset.countdown) {
    const time = text.match(/\d+ (?:day|hour|minute|second)s?(?: \d+ \w+)?/)?.[0];
    known = { given: place.dataset.countdown, text, time, end: Date.now() + Number(place.dataset.countdown) * 1000 };
    ends.set(place, known);
  }
  if (!known.time) return;
  const left = Math.round((known.end - Date.now()) / 1000);
  if (left >= 0) place.textContent = known.text.replace(known.time, words(left));
  else if (left === -3) htmx.ajax("GET", "/changes/bar", { target: "#bar", select: "#bar", swap: "outerHTML" });
}

export function comfort() {
  document.addEventListener("change", (event) => {
    tickAll(event);
    if (!event.target.matches("[data-submit]")) return;
    const { form } = event.target;
    if (form.elements.back) form.elements.back.value = location.pathname + location.search;
    form.requestSubmit();
  });
  document.addEventListener("keydown", goToKey);
  const counting = () => all("[data-countdown]").forEach(count);
  counting();
  setInterval(counting, 1000);
  keepEdits();
}

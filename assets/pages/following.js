// The page of the log goes on by itself: lines are added at its end, the reader's place stays, and a button pauses it.
// Nothing is asked for while the page is not seen, and after half an hour it pauses: a forgotten window asks no more.

const PAUSE = 2000;
const AFTER_A_FAULT = 10000;
const MOST_ASKS = 900;
const MOST_LINES = 20000;
const NEAR = 60;

const toTheEnd = () => document.documentElement.scrollHeight - innerHeight - scrollY;

function added({ text, explain }, words) {
  const line = document.createElement("span");
  line.append(text);
  if (explain) line.append(" ", Object.assign(document.createElement("a"), { href: explain, textContent: words }));
  line.append("\n");
  return line;
}

function show(place, lines) {
  const list = document.getElementById("log-lines");
  const atEnd = toTheEnd() < NEAR;
  list.append(...lines.map((line) => added(line, place.dataset.explain)));
  list.hidden = false;
  document.getElementById("log-empty").hidden = true;
  if (!atEnd) return;
  while (list.childNodes.length > MOST_LINES) list.firstChild.remove();
  scrollTo(0, document.documentElement.scrollHeight);
}

function follow(place) {
  const button = place.querySelector("button");
  const status = place.querySelector("[role=status]");
  let asked = 0;
  let timer = 0;
  const paused = () => button.getAttribute("aria-pressed") === "true";
  const say = (text) => { if (status.textContent !== text) status.textContent = text; };
  const later = (time) => { timer = setTimeout(ask, time); };

  async function ask() {
    if (!place.isConnected || paused()) return;
    if (document.hidden) {
      later(PAUSE);
      return;
    }
    asked += 1;
    if (asked > MOST_ASKS) {
      press(true);
      return;
    }
    const address = new URL(place.dataset.from, location.href);
    address.searchParams.set("after", place.dataset.after);
    try {
      const answer = await fetch(address, { redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      if (!place.isConnected) return;
      place.dataset.after = told.after;
      if (told.lines.length) show(place, told.lines);
      if (!paused()) say(place.dataset.going);
      later(told.more ? 0 : PAUSE);
    } catch {
      if (!paused()) say(place.dataset.lost);
      later(AFTER_A_FAULT);
    }
  }

  function press(on) {
    button.setAttribute("aria-pressed", String(on));
    say(on ? place.dataset.paused : place.dataset.going);
    clearTimeout(timer);
    if (on) return;
    asked = 0;
    ask();
  }

  button.addEventListener("click", () => press(!paused()));
  later(PAUSE);
}

let followed = null;

export function following() {
  const begin = () => {
    const place = document.getElementById("follow");
    if (!place || place === followed) return;
    followed = place;
    follow(place);
  };
  begin();
  document.addEventListener("page:changed", begin);
}

// What the pages do more comfortably with a script. Everything works without it.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function tickAll() {
  for (const box of all("input[data-all]")) {
    const rows = () => all(`input[name="${box.dataset.all}"]`, box.form);
    box.addEventListener("change", () => rows().forEach((row) => { row.checked = box.checked; }));
    box.form?.addEventListener("change", () => {
      const ticked = rows().filter((row) => row.checked).length;
      box.checked = ticked > 0 && ticked === rows().length;
      box.indeterminate = ticked > 0 && ticked < rows().length;
    });
  }
}

function submitOnChange() {
  for (const field of all("[data-submit]")) field.addEventListener("change", () => field.form.requestSubmit());
}

// "/" goes to the search, as on many sites; never while somebody types.
function keys() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = all("[data-key]").find((one) => one.dataset.key === event.key);
    if (target) {
      event.preventDefault();
      target.focus();
      target.select?.();
    }
  });
}

function words(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${String(seconds % 60).padStart(2, "0")} s` : `${seconds} s`;
}

function countdown() {
  for (const place of all("[data-countdown]")) {
    const end = Date.now() + Number(place.dataset.countdown) * 1000;
    const text = place.textContent;
    const time = text.match(/\d+ (?:day|hour|minute|second)s?(?: \d+ \w+)?/);
    if (!time) continue;
    const tick = () => {
      const left = Math.max(0, Math.round((end - Date.now()) / 1000));
      place.textContent = text.replace(time[0], words(left));
      if (left > 0) setTimeout(tick, 1000);
      else setTimeout(() => location.reload(), 3000);
    };
    tick();
  }
}

async function fresh(address, id) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById(id);
}

// A check in the background ends within a moment: the bar is asked for again until it has.
async function waitForCheck(tries = 40) {
  const bar = document.getElementById("bar");
  if (bar?.dataset.bar !== "waiting" || tries === 0) return;
  await new Promise((done) => setTimeout(done, 500));
  const now = await fresh("/changes/bar", "bar").catch(() => null);
  if (now && now.dataset.bar !== "waiting") bar.replaceWith(now);
  else await waitForCheck(tries - 1);
}

async function followJob() {
  const job = document.getElementById("job");
  if (job?.dataset.job !== "running") return;
  await new Promise((done) => setTimeout(done, 400));
  const now = await fresh(location.href, "job").catch(() => null);
  if (now?.dataset.job === "ended") location.reload();
  else {
    if (now) job.replaceWith(now);
    await followJob();
  }
}

function insertLines() {
  for (const button of all("[data-insert]")) {
    button.addEventListener("click", () => {
      const name = document.getElementById(button.dataset.insert);
      const text = document.getElementById(button.dataset.into);
      if (!name.value.trim()) return name.focus();
      const head = text.value === "" || text.value.endsWith("\n") ? "" : "\n";
      text.value += `${head}${name.value.trim()} = `;
      name.value = "";
      text.focus();
      text.setSelectionRange(text.value.length, text.value.length);
    });
  }
}

// A text that was edited and not saved is not lost by a wrong click.
function keepEdits() {
  for (const text of all("textarea[data-editor]")) {
    let leaving = false;
    text.form.addEventListener("submit", () => { leaving = true; });
    addEventListener("beforeunload", (event) => {
      if (!leaving && text.value !== text.defaultValue) event.preventDefault();
    });
  }
}

document.documentElement.classList.add("script");
tickAll();
submitOnChange();
keys();
countdown();
insertLines();
keepEdits();
waitForCheck();
followJob();

// A text that was edited and not saved is not lost by a wrong click.

let saving = null;

const edited = () => [...document.querySelectorAll("textarea[data-editor]")].filter((one) => one.value !== one.defaultValue);

// Are there edits that an act of this element would lose? Those of its own form are what it sends.
export function hasEdits(element) {
  return edited().some((one) => one.form !== element);
}

export function keepEdits() {
  document.addEventListener("submit", (event) => { saving = event.target; });
  addEventListener("beforeunload", (event) => {
    if (edited().some((one) => one.form !== saving)) event.preventDefault();
  });
}

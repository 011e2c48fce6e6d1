// Brings the editor, a script of its own, to the pages that have texts to edit.

async function mount() {
  for (const text of document.querySelectorAll("textarea[data-editor]:not([data-mounted])")) {
    if (!text.dataset.language) continue;
    text.dataset.mounted = "";
    const { mountEditor } = await import(document.querySelector('meta[name="editor"]').content);
    if (text.isConnected) mountEditor(text);
  }
}

export function editors() {
  document.addEventListener("page:changed", mount);
  mount();
}

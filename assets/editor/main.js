// The editor of texts: CodeMirror over a textarea, which stays what the form sends and what works without a script.
//
// It lives in a shadow root: its style sheets are adopted there, so the page's policy needs no exception. Tab is never
// caught: it leaves the editor as it leaves any field. What can be written, and what is wrong, the gateway says.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { forceLinting, lintGutter, lintKeymap } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, tooltips,
} from "@codemirror/view";
import { completion } from "./completion.js";
import { explanation } from "./explanation.js";
import { findings } from "./findings.js";
import { languageOf } from "./languages.js";
import { colours, look } from "./look.js";
import { wordsFor } from "./words.js";

const mounted = new Set();
let last = null;

const nameOf = (text) => `${location.pathname} ${text.form?.getAttribute("action")} ${text.name}`;

// What is typed over a selection is put in here: browsers would keep the look of what goes by a style attribute, which
// the page's policy forbids and tells on the console.
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== "insertText" || !event.data || view.composing || view.state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

function extensions(text, words, status) {
  const { language } = text.dataset;
  const narrow = matchMedia("(width <= 900px)").matches;
  return [
    lineNumbers(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    bracketMatching(),
    typedOver,
    lintGutter(),
    search({ top: true }),
    tooltips({ position: "fixed" }),
    EditorState.tabSize.of(8),
    languageOf(language),
    syntaxHighlighting(colours),
    look,
    narrow ? EditorView.lineWrapping : [],
    completion(language, words),
    explanation(language, words),
    findings(text, words, status),
    keymap.of([
      { key: "Mod-s", run: () => { text.form.requestSubmit(); return true; } },
      ...defaultKeymap.filter((one) => one.key !== "Tab"), ...historyKeymap, ...searchKeymap, ...lintKeymap,
    ]),
    EditorView.contentAttributes.of({
      "aria-label": `${text.labels[0]?.textContent.trim() ?? ""}. ${words.texts.label}`,
      tabindex: "0", spellcheck: "false", autocapitalize: "off", autocorrect: "off",
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) text.value = update.state.doc.toString();
      last = { name: nameOf(text), selection: update.state.selection, focused: update.view.hasFocus };
    }),
  ];
}

function replace(view, value) {
  if (view.state.doc.toString() === value) return;
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
}

function goToLine(view) {
  const found = location.hash.match(/^#line-(\d+)$/);
  if (!found) return;
  const line = view.state.doc.line(Math.min(Math.max(1, Number(found[1])), view.state.doc.lines));
  view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
  view.dom.getRootNode().host.scrollIntoView({ block: "nearest" });
  view.focus();
}

function leave() {
  for (const one of mounted) {
    if (one.view.dom.isConnected) continue;
    one.view.destroy();
    one.stop.abort();
    mounted.delete(one);
  }
}

export async function mountEditor(text) {
  leave();
  const words = await wordsFor(text.dataset.language);
  if (!text.isConnected) return;
  const host = document.createElement("div");
  host.className = "editor-host";
  const status = Object.assign(document.createElement("p"), { className: "help", role: "status" });
  const keys = Object.assign(document.createElement("p"), { className: "help", textContent: words.parameters ? words.texts.keys : words.texts.keys_plain });
  text.after(host, status, keys);
  const state = EditorState.create({ doc: text.value, extensions: extensions(text, words, status) });
  const root = host.attachShadow({ mode: "open" });
  const typing = document.activeElement === text;
  const before = last?.name === nameOf(text) ? last : null;
  const view = new EditorView({ state, parent: root, root });
  text.classList.add("behind");
  text.tabIndex = -1;
  text.setAttribute("aria-hidden", "true");

  const stop = new AbortController();
  const on = (target, name, heard) => target.addEventListener(name, heard, { signal: stop.signal });
  on(text, "input", () => replace(view, text.value));
  on(text.form, "reset", () => setTimeout(() => replace(view, text.value)));
  on(text.form, "change", () => forceLinting(view));
  on(window, "hashchange", () => goToLine(view));
  for (const label of text.labels) on(label, "click", () => view.focus());
  if (before && before.selection.main.to <= view.state.doc.length) {
    view.dispatch({ selection: before.selection, scrollIntoView: true });
    if (before.focused) view.focus();
  }
  if (typing) {
    view.dispatch({ selection: { anchor: Math.min(text.selectionStart, view.state.doc.length) } });
    view.focus();
  }
  mounted.add({ view, stop });
  goToLine(view);
}

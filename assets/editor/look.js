// The editor's look: the tokens of the page's own stylesheet, which reach into the shadow root.

import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const panel = { background: "var(--surface)", color: "var(--text)", borderColor: "var(--line)" };

export const look = EditorView.theme({
  "&": { background: "var(--surface)", color: "var(--text)", fontSize: ".92rem", maxHeight: "70vh" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content, .cm-gutter": { minHeight: "16rem" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 28%, transparent)",
  },
  ".cm-activeLine": { background: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  ".cm-gutters": { background: "var(--sunken)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-activeLineGutter": { background: "var(--accent-ground)", color: "var(--text)" },
  ".cm-matchingBracket": { background: "var(--accent-ground)", outline: "1px solid var(--accent)" },
  ".cm-panels": panel,
  ".cm-panels button, .cm-panels input": {
    font: "inherit", background: "var(--surface)", color: "var(--text)", border: "1px solid var(--strong-line)",
    borderRadius: "4px", backgroundImage: "none",
  },
  ".cm-searchMatch": { background: "var(--doubt-ground)", outline: "1px solid var(--doubt)" },
  ".cm-tooltip": { ...panel, border: "1px solid var(--strong-line)", borderRadius: "6px", maxWidth: "min(34rem, calc(100vw - 3.5rem))" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent)", color: "var(--on-accent)" },
  ".cm-tooltip-autocomplete > ul": { minWidth: "min(18rem, 60vw)", fontFamily: "var(--mono)", maxHeight: "16rem" },
  ".cm-completionDetail": { color: "inherit", opacity: ".8", fontStyle: "normal" },
  ".cm-completionInfo": { ...panel, border: "1px solid var(--strong-line)", padding: "0", width: "max-content" },
  ".cm-diagnostic": { padding: ".3rem .6rem", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--bad)" },
  ".cm-diagnostic-warning": { borderLeft: "4px solid var(--doubt)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--doubt)" },
  ".cm-lintRange-info": { backgroundImage: "none", textDecoration: "underline dotted var(--soft)" },
  // The marks are letters in colour: the ones of the package are images in data addresses, which no page here loads.
  ".cm-lint-marker": { width: "1em", height: "1em", textAlign: "center", font: "700 .85em/1.5 var(--sans)" },
  ".cm-lint-marker-error": { content: "normal", color: "var(--bad)" },
  ".cm-lint-marker-error::before": { content: '"✕"' },
  ".cm-lint-marker-warning": { content: "normal", color: "var(--doubt)" },
  ".cm-lint-marker-warning::before": { content: '"!"' },
  ".cm-lint-marker-info": { content: "normal", color: "var(--soft)" },
  ".cm-lint-marker-info::before": { content: '"i"' },
  ".about": { padding: ".5rem .75rem", font: "400 .87rem/1.45 var(--sans)", overflowWrap: "anywhere" },
  ".about h3": { margin: "0 0 .25rem", font: "650 .92rem var(--mono)" },
  ".about p": { margin: ".25rem 0" },
  ".about dl": { display: "grid", gridTemplateColumns: "max-content 1fr", gap: ".1rem .75rem", margin: "0" },
  ".about dt": { color: "var(--soft)" },
  ".about dd": { margin: "0" },
  ".about code": { fontFamily: "var(--mono)" },
  ".about a": { color: "var(--accent)" },
  ".about .wrong": { color: "var(--bad)" },
});

export const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: tags.propertyName, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.variableName, color: "var(--doubt)" },
  { tag: [tags.typeName, tags.string], color: "var(--good)" },
  { tag: [tags.atom, tags.keyword], fontWeight: "600" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

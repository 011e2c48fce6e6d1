// Documentation where the pointer rests, or by Ctrl+I where the cursor is.

import { StateEffect, StateField } from "@codemirror/state";
import { hoverTooltip, keymap, showTooltip } from "@codemirror/view";
import { about } from "./about.js";
import { inComment, wordAt } from "./context.js";

const show = StateEffect.define();

function tooltip(words, state, position) {
  const word = inComment(state, position) ? null : wordAt(state, position);
  if (!word || !words.byName.has(word.text)) return null;
  return { pos: word.from, end: word.to, above: true, create: () => ({ dom: about(words, word.text) }) };
}

export function explanation(language, words) {
  if (!words.parameters) return [];
  const asked = StateField.define({
    create: () => null,
    update(value, transaction) {
      for (const effect of transaction.effects) if (effect.is(show)) return effect.value;
      return transaction.docChanged || transaction.selection ? null : value;
    },
    provide: (field) => showTooltip.from(field),
  });
  const ask = (view) => {
    const found = tooltip(words, view.state, view.state.selection.main.head);
    view.dispatch({ effects: show.of(view.state.field(asked) ? null : found) });
    return true;
  };
  return [
    asked,
    keymap.of([{ key: "Mod-i", run: ask, preventDefault: true }]),
    hoverTooltip((view, position) => tooltip(words, view.state, position), { hoverTime: 250 }),
  ];
}

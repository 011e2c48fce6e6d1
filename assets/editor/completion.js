// Completion: names of parameters where a name is written, values by what the parameter takes, `$` for references,
// services and options in master.cf, actions of rules.

import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { keymap } from "@codemirror/view";
import { about } from "./about.js";
import { inComment, optionAt, parameterAt } from "./context.js";

const MOST_NARROW = 280;
const MOST_WIDE = 420;
const NAME = /^[\w.-]*$/;
const plain = (label, detail) => ({ label, detail });

function names(words, end) {
  return words.parameters.filter((one) => !one.forbidden).map((one) => ({
    label: one.name,
    apply: one.name + end,
    detail: words.texts[`kind_${one.kind}`],
    info: () => about(words, one.name),
  }));
}

function values(words, name) {
  const one = words.byName.get(name);
  const kind = one?.kind ?? "text";
  const offered = [];
  if (kind === "switch") offered.push(plain("yes"), plain("no"));
  if (kind === "restrictions") offered.push(...words.restrictions.map((word) => plain(word)));
  if (kind === "restrictions" || kind === "tables") {
    offered.push(...words.tables.map((table) => plain(table)), ...words.types.map((type) => plain(`${type}:`)));
  }
  if (one?.default && kind !== "switch") offered.push(plain(one.default, words.texts.default));
  return offered;
}

function value(context, words, name) {
  const reference = context.matchBefore(/\$[{(]?\w*/);
  if (reference) {
    const from = reference.from + reference.text.match(/^\$[{(]?/)[0].length;
    return { from, options: names(words, ""), validFor: NAME };
  }
  const word = context.matchBefore(/[^\s,={}]*/);
  if (!context.explicit && word.text.length < 1) return null;
  return { from: word.from, options: values(words, name), validFor: /^[^\s,={}]*$/ };
}

function mainCf(words) {
  return (context) => {
    if (inComment(context.state, context.pos)) return null;
    const name = parameterAt(context.state, context.pos);
    if (name) return value(context, words, name);
    const word = context.matchBefore(/[\w.-]*/);
    if (word.from !== context.state.doc.lineAt(context.pos).from || (!word.text && !context.explicit)) return null;
    return { from: word.from, options: names(words, " = "), validFor: NAME };
  };
}

function masterCf(words) {
  return (context) => {
    if (inComment(context.state, context.pos)) return null;
    const option = context.matchBefore(/-o\s*[\w.-]*/);
    if (option) {
      return { from: option.from + option.text.match(/^-o\s*/)[0].length, options: names(words, "="), validFor: NAME };
    }
    const name = optionAt(context.state, context.pos);
    if (name) return value(context, words, name);
    const line = context.matchBefore(/^[\w.:[\]-]+/);
    return line && { from: line.from, options: words.services.map((one) => plain(one.replace("/", " "))) };
  };
}

function actions(words) {
  return (context) => {
    const word = context.matchBefore(/(?<=\/[A-Za-z]*\s+)[A-Za-z]*/);
    return word && { from: word.from, options: words.actions.map((one) => plain(one)), validFor: /^[A-Za-z]*$/ };
  };
}

// Beside the list where there is room, else below or above it; never over what is offered.
function beside(_view, list, _option, info, space) {
  const [left, right] = [list.left - space.left, space.right - list.right];
  const room = Math.max(left, right);
  if (room >= MOST_NARROW) {
    return { style: `top: 0; ${right >= left ? "left" : "right"}: 100%; max-width: ${Math.min(MOST_WIDE, room - 8)}px` };
  }
  const below = space.bottom - list.bottom >= Math.min(info.bottom - info.top, list.top - space.top);
  const width = Math.min(MOST_WIDE, space.right - list.left - 8);
  return { style: `${below ? "top" : "bottom"}: 100%; left: 0; max-width: ${width}px` };
}

export function completion(language, words) {
  const source = { "main-cf": mainCf, "master-cf": masterCf }[language] ?? (words.actions ? actions : null);
  if (!source) return [];
  return [
    autocompletion({ override: [source(words)], icons: false, maxRenderedOptions: 60, positionInfo: beside }),
    keymap.of(completionKeymap),
  ];
}

// Colouring of the texts that Postfix reads: enough to see comments, names, references and what is no value at all.
// Lines: postconf(5) and master(5); a line that begins with a blank goes on with the one before.

import { StreamLanguage } from "@codemirror/language";

const COMMENT = /^\s*#.*/;

function value(stream) {
  if (stream.match(/^\$\$/)) return "escape";
  if (stream.match(/^\$(?:\w+|\{[^}\s]*\}?|\([^)\s]*\)?)/)) return "variableName";
  if (stream.match(/^(?:[a-z]+):(?=[$/])/)) return "typeName";
  if (stream.match(/^(?:yes|no|permit|reject|defer|dunno)\b/i)) return "atom";
  if (stream.match(/^(?:check|permit|reject|defer|warn)_\w+/)) return "keyword";
  if (stream.match(/^\d+[smhdw]?\b/)) return "number";
  stream.match(/^[\w.-]+/) || stream.next();
  return null;
}

const mainCf = {
  name: "main.cf",
  startState: () => ({ value: false }),
  token(stream, state) {
    if (stream.sol()) {
      if (stream.match(COMMENT)) return "comment";
      if (!/^\s/.test(stream.string)) state.value = false;
    }
    if (stream.eatSpace()) return null;
    if (!state.value) {
      if (stream.eat("=")) {
        state.value = true;
        return "operator";
      }
      return stream.match(/^[A-Za-z0-9_.-]+/) ? "propertyName" : (stream.next(), "invalid");
    }
    return value(stream);
  },
};

const masterCf = {
  name: "master.cf",
  startState: () => ({ field: 0, option: false }),
  token(stream, state) {
    if (stream.sol()) {
      if (stream.match(COMMENT)) return "comment";
      if (!/^\s/.test(stream.string)) Object.assign(state, { field: 0, option: false });
    }
    if (stream.eatSpace()) return null;
    if (state.field < 8) {
      stream.match(/^\S+/);
      state.field += 1;
      return { 1: "propertyName", 2: "typeName", 8: "keyword" }[state.field] ?? "number";
    }
    if (stream.match(/^-o(?=\s|$|[a-z])/)) {
      state.option = true;
      return "operator";
    }
    if (state.option && stream.match(/^[A-Za-z0-9_.-]+(?==)/)) {
      state.option = false;
      return "propertyName";
    }
    return value(stream);
  },
};

const rows = {
  name: "rows",
  startState: () => ({ key: true }),
  token(stream, state) {
    if (stream.sol()) {
      if (stream.match(COMMENT)) return "comment";
      state.key = !/^\s/.test(stream.string);
    }
    if (stream.eatSpace()) return null;
    if (state.key) {
      state.key = false;
      if (stream.match(/^(?:if|endif)\b/i)) return "keyword";
      if (stream.match(/^!?\s*\/(?:\\.|[^/\\])*\/[A-Za-z]*/)) return "string";
      stream.match(/^\S+/);
      return "propertyName";
    }
    if (stream.match(/^[A-Z]{2,}\b/)) return "keyword";
    return value(stream);
  },
};

const comments = { languageData: { commentTokens: { line: "#" } } };

export function languageOf(name) {
  return StreamLanguage.define({ ...({ "main-cf": mainCf, "master-cf": masterCf }[name] ?? rows), ...comments });
}

// Where in a text somebody is: the logical line, the parameter whose value is written, the word at a place.

const comment = (text) => /^\s*(#|$)/.test(text);

// The parameter whose value a place is in; null where a name is written, or in a comment.
export function parameterAt(state, position) {
  let line = state.doc.lineAt(position);
  if (comment(line.text) && line.text.trim()) return null;
  const before = [line.text.slice(0, position - line.from)];
  while (line.number > 1 && /^\s/.test(line.text)) {
    line = state.doc.line(line.number - 1);
    if (!comment(line.text)) before.unshift(line.text);
  }
  return before.join(" ").match(/^([A-Za-z0-9_.-]+)\s*=/)?.[1] ?? null;
}

// The `-o name=` of master.cf whose value a place is in.
export function optionAt(state, position) {
  const line = state.doc.lineAt(position);
  return line.text.slice(0, position - line.from).match(/-o\s*([A-Za-z0-9_.-]+)=\S*$/)?.[1] ?? null;
}

export function inComment(state, position) {
  const { text } = state.doc.lineAt(position);
  return comment(text) && text.trim() !== "";
}

export function wordAt(state, position) {
  const line = state.doc.lineAt(position);
  for (const found of line.text.matchAll(/[A-Za-z0-9_]+/g)) {
    const from = line.from + found.index;
    if (from <= position && position <= from + found[0].length) return { from, to: from + found[0].length, text: found[0] };
  }
  return null;
}

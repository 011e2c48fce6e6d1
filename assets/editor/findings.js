// Findings while somebody types: the gateway judges the text a moment after the last key; marks stand in the gutter,
// and one line below the editor says how many there are, to screen readers too.

import { linter } from "@codemirror/lint";

const PAUSE = 500;
const KINDS = { error: "error", warning: "warning", note: "info" };

function place(doc, finding) {
  const line = doc.line(Math.min(Math.max(1, finding.line), doc.lines));
  const name = finding.field.split("/").pop();
  const at = name ? line.text.indexOf(name) : -1;
  if (at >= 0) return { from: line.from + at, to: line.from + at + name.length };
  return { from: line.from + (line.text.length - line.text.trimStart().length), to: line.to };
}

function summary(texts, found) {
  if (!found.length) return texts.found_none;
  const [{ line, what }] = found;
  return (line ? texts.found_line.replace("{line}", line) : texts.found).replace("{n}", found.length).replace("{first}", () => what);
}

export function findings(text, words, status) {
  const { texts } = words;
  return linter(async (view) => {
    const fields = text.form?.elements;
    const asked = {
      language: text.dataset.language,
      text: view.state.doc.toString(),
      key: text.dataset.key || fields?.name?.value || "",
      type: fields?.type?.value ?? "",
    };
    const answer = await fetch("/mta/editor/check", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(asked),
    }).catch(() => null);
    const value = answer?.ok && !answer.redirected ? await answer.json() : { findings: [], judged: false };
    status.textContent = value.judged ? summary(texts, value.findings) : texts.not_judged;
    return value.findings.map((one) => ({
      ...place(view.state.doc, one),
      severity: KINDS[one.severity],
      message: [`${texts[one.severity]}: ${one.what}`, one.why, one.remedy].filter(Boolean).join("\n"),
    }));
  }, { delay: PAUSE });
}

// What the gateway knows for an editor: parameters, tables, services, and the texts that the editor shows.

const asked = new Map();

export async function wordsFor(language) {
  const path = `${location.pathname} ${language} ${location.search}`;
  if (!asked.has(path)) {
    asked.clear();
    asked.set(path, fetch(`/mta/editor/words?language=${encodeURIComponent(language)}`).then((answer) => answer.json()));
  }
  const words = await asked.get(path);
  words.byName = new Map((words.parameters ?? []).map((one) => [one.name, one]));
  return words;
}

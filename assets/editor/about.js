// What is known of one parameter, as elements: what it takes, its default, what the draft says, who overrides whom.

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

export function about(words, name) {
  const { texts } = words;
  const one = words.byName.get(name);
  const box = element("div", element("h3", name));
  box.className = "about";
  if (!one) {
    box.append(element("p", texts.unknown));
    return box;
  }
  const facts = element("dl");
  const fact = (title, ...value) => facts.append(element("dt", title), element("dd", ...value));
  const code = (text) => (text ? element("code", text) : texts.empty);
  if (one.forbidden) box.append(Object.assign(element("p", texts.forbidden), { className: "wrong" }));
  fact(texts.takes, texts[`kind_${one.kind}`]);
  if (one.class) fact(texts.class, one.class);
  fact(texts.default, code(one.default));
  fact(texts.now, one.value === undefined ? texts.as_default : code(one.value));
  box.append(facts);
  if (one.line) box.append(element("p", texts.line.replace("{n}", one.line)));
  if (one.line && one.generated !== undefined) box.append(element("p", `${texts.instead}: `, code(one.generated)));
  if (one.field) {
    const link = Object.assign(element("a", one.field), { href: one.page });
    box.append(element("p", `${texts.generated}: `, link, one.help ? ` – ${one.help}` : ""));
  }
  if (one.services) {
    const list = element("dl");
    for (const [service, value] of one.services) list.append(element("dt", service), element("dd", code(value)));
    box.append(element("p", texts.overridden, ":"), list);
  }
  box.append(element("p", texts.manual));
  return box;
}

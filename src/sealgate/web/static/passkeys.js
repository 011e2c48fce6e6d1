// Passkeys: asking the browser for one at sign-in, and making one for one's account. Needs a browser that has them.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(address, value = {}) {
  const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
  const known = (answer.headers.get("content-type") ?? "").includes("json");
  return { good: answer.ok, value: known ? await answer.json() : {} };
}

function packed(made) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[name]) response[name] = text(made.response[name]);
  }
  return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: made.getClientExtensionResults() };
}

async function use(button, said) {
  const begun = await post("/sign-in/passkey-begin");
  const options = begun.value;
  options.challenge = bytes(options.challenge);
  for (const one of options.allowCredentials ?? []) one.id = bytes(one.id);
  const done = await post("/sign-in/passkey-finish", packed(await navigator.credentials.get({ publicKey: options })));
  if (done.good) location.assign(button.dataset.next);
  else said.textContent = done.value.text ?? "";
}

async function add() {
  const begun = await post("/account/passkey-begin");
  const options = begun.value;
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  for (const one of options.excludeCredentials ?? []) one.id = bytes(one.id);
  const made = await navigator.credentials.create({ publicKey: options });
  await post("/account/passkey-finish", { answer: packed(made), label: document.getElementById("passkey-label").value });
  location.reload();
}

const said = document.getElementById("passkey-said");
for (const button of window.PublicKeyCredential ? document.querySelectorAll("[data-passkey]") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (said) said.textContent = "";
    try {
      await (button.dataset.passkey === "use" ? use(button, said) : add());
    } catch (fault) {
      if (said) said.textContent = fault.message;
    }
  });
}

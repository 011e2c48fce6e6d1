// Bundles the scripts of the pages: node build.js OUT. Called by tools/assets.py, which brings the packages.
//
// Two entries: pages.js is on every page, editor.js only where texts are edited. Beside them lies what the licences of
// the bundled packages ask for: LICENSES.txt, made from what is really in the bundles, and esbuild's legal comments.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const out = process.argv[2];

const { metafile } = await build({
  entryPoints: { pages: "pages/main.js", editor: "editor/main.js" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

function packages() {
  const names = new Set();
  for (const one of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(one.inputs)) {
      const found = path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
      if (found && bytesInOutput) names.add(found[1]);
    }
  }
  return [...names].sort();
}

function licence(name) {
  const place = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  const file = readdirSync(place).find((one) => /^licen[cs]e/i.test(one));
  if (!file) throw new Error(`${name} has no licence text: it cannot be bundled`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(place, file), "utf8").trim()}\n`;
}

writeFileSync(join(out, "LICENSES.txt"), packages().map(licence).join(`\n${"-".repeat(78)}\n\n`));

// Parses every Mermaid block of the given Markdown files with Mermaid itself: `npm install && npm run check`.
import { readFileSync } from "node:fs";
import process from "node:process";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");

let found = 0;
for (const file of process.argv.slice(2)) {
  for (const [, source] of readFileSync(file, "utf8").matchAll(/^```mermaid\n([\s\S]*?)^```$/gm)) {
    await mermaid.parse(source); // throws, with line and column
    found += 1;
  }
}
if (!found) throw new Error("no diagram found");
console.log(`${found} diagrams parsed`);

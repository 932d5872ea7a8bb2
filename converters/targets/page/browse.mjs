// Opens a folder as a page in headless Chromium: node browse.mjs NODE_MODULES FOLDER CHROMIUM
//
// Serves the folder, and NODE_MODULES as modules/, on this machine alone; waits for window.answer;
// writes answer.json and screenshot.png into the folder.
import { createRequire } from "node:module";
import { createReadStream, existsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const [modules, folder, program] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "x.js"))("playwright-core");

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".wasm": "application/wasm",
};

const server = createServer((request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url, "http://a").pathname)).slice(1);
  const inside = !path.startsWith("..");
  const file = path.startsWith("modules/")
    ? join(modules, path.slice("modules/".length))
    : join(folder, path || "index.html");
  if (!inside || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 760, height: 480 } });
  page.on("console", (message) => console.error(message.text()));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => window.answer !== undefined, null, { timeout: 300000 });
  writeFileSync(join(folder, "answer.json"), JSON.stringify(await page.evaluate("window.answer")));
  await page.screenshot({ path: join(folder, "screenshot.png") });
} finally {
  await browser.close();
  server.close();
}

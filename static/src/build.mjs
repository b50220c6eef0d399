// Builds every asset that the browser receives, byte for byte the same on each run.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..");
const packages = join(here, "node_modules");
const check = process.argv.includes("--check");
const stale = [];

const VENDORED = [
  ["htmx.js", "htmx.org", "dist/htmx.min.js"],
  ["hx-csp.js", "htmx.org", "dist/ext/hx-csp.min.js"],
  ["hx-preload.js", "htmx.org", "dist/ext/hx-preload.min.js"],
];

const PARTS = new Set(["Button", "Button Group", "Textarea", "Input", "Native Select", "Alert", "Badge", "Dialog", "Checkbox", "Radio", "Switch", "Field", "Empty", "Kbd", "Label", "Sidebar", "Skeleton", "Table"]);

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function emit(name, bytes) {
  const path = join(out, name);
  const content = Buffer.from(bytes);
  if (existsSync(path) && readFileSync(path).equals(content)) return content;
  if (check) stale.push(name);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return content;
}

function font() {
  const source = join(packages, "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2");
  return emit("fonts/inter.woff2", readFileSync(source));
}

function vendor() {
  const entries = VENDORED.map(([name, from, path]) => {
    const about = JSON.parse(readFileSync(join(packages, from, "package.json"), "utf8"));
    const text = readFileSync(join(packages, from, path), "utf8").replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");
    const bytes = emit(`vendor/${name}`, text);
    return { name, package: from, version: about.version, source: path, license: about.license, sha256: sha256(bytes) };
  });
  for (const [name, from] of [["css/app.css", "basecoat-css"], ["css/app.css", "tailwindcss"], ["img/icons.svg", "lucide-static"], ["fonts/inter.woff2", "@fontsource-variable/inter"]]) {
    const about = JSON.parse(readFileSync(join(packages, from, "package.json"), "utf8"));
    entries.push({ name, package: from, version: about.version, license: about.license });
  }
  emit("vendor/manifest.json", JSON.stringify(entries, null, 2) + "\n");
}

function icons() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split(/\s+/).filter(Boolean).sort();
  const symbols = names.map((name) => {
    const svg = readFileSync(join(packages, "lucide-static/icons", `${name}.svg`), "utf8");
    const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/\s+/g, " ").replace(/ \/>/g, "/>").replace(/> </g, "><").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="var(--icon-fill,none)" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`;
  });
  emit("img/icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);
}

// Basecoat's look is one file for all of its parts; only those that the kit uses are taken.
function look() {
  const source = readFileSync(join(packages, "basecoat-css/dist/styles/vega.css"), "utf8");
  const sections = source.slice(source.indexOf("{") + 1, source.lastIndexOf("}")).split(/^ {2}\/\* (?=[A-Z][A-Za-z ]* \*\/$)/m).slice(1);
  const wanted = sections.filter((section) => PARTS.has(section.slice(0, section.indexOf(" */"))));
  if (wanted.length !== PARTS.size) throw new Error("Basecoat's sections are named differently now");
  mkdirSync(join(packages, ".opsflux"), { recursive: true });
  writeFileSync(join(packages, ".opsflux/look.css"), `@layer components {\n${wanted.map((section) => `  /* ${section}`).join("")}}\n`);
}

function styles(fontHash) {
  const css = execFileSync(join(packages, ".bin/tailwindcss"), ["--minify", "-i", join(here, "app.css")], { cwd: here, stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 26 });
  emit("css/app.css", css.toString().replaceAll("fonts/inter.woff2", `fonts/inter.${fontHash}.woff2`));
}

function scripts() {
  const result = buildSync({ entryPoints: [join(out, "js/app.js")], bundle: true, minify: true, format: "esm", target: "es2022", write: false, charset: "utf8", legalComments: "none" });
  emit("js/app.bundle.js", result.outputFiles[0].contents);
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

function served() {
  const folders = ["css", "fonts", "img", "vendor"].flatMap((folder) => walk(join(out, folder)));
  return [...folders, join(out, "js/app.bundle.js")]
    .filter((path) => !/\.(br|gz|json)$/.test(path))
    .map((path) => relative(out, path).replaceAll("\\", "/"))
    .sort();
}

function manifest() {
  const entries = {};
  for (const name of served()) {
    const bytes = readFileSync(join(out, name));
    const compressed = /\.(css|js|svg)$/.test(name);
    entries[name] = { hash: sha256(bytes).slice(0, 12), bytes: bytes.length, compressed };
    if (!compressed) continue;
    emit(`${name}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
    emit(`${name}.gz`, gzipSync(bytes, { level: 9 }));
  }
  emit("manifest.json", JSON.stringify(entries, null, 2) + "\n");
}

const fontHash = sha256(font()).slice(0, 12);
vendor();
icons();
look();
styles(fontHash);
scripts();
manifest();
if (stale.length) {
  console.error(`stale assets, run make assets: ${stale.join(", ")}`);
  process.exit(1);
}

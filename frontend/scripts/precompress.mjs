// Replaces the text files of the build by their gzip form, which is what the
// binary embeds (see site.go), and prints their sizes. index.html stays: it is
// small, and make takes it for the sign of a finished build.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { routes } from './sizes.mjs';

const dist = process.argv[2] ?? new URL('../dist', import.meta.url).pathname;
const text = new Set(['.css', '.js', '.json', '.svg', '.txt']);

const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const wrong = routes(dist, manifest);
rmSync(join(dist, '.vite'), { recursive: true });

let raw = 0;
let packed = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name === '.gitkeep') continue;
  const file = join(entry.parentPath, entry.name);
  const body = readFileSync(file);
  raw += body.length;
  if (!text.has(extname(file))) {
    packed += body.length;
    continue;
  }
  const small = gzipSync(body, { level: 9 });
  writeFileSync(`${file}.gz`, small);
  rmSync(file);
  packed += small.length;
}

const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
console.log(`whole build ${kB(raw)}, embedded ${kB(packed)}`);
if (wrong.length > 0) {
  rmSync(join(dist, 'index.html')); // make must not take this for a finished build
  console.error(wrong.join('\n'));
  process.exit(1);
}

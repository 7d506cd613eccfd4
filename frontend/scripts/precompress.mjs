// Replaces the text files of the build by their gzip form, which is what the
// binary embeds (see site.go), and prints their sizes. index.html stays: it is
// small, and make takes it for the sign of a finished build.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist', import.meta.url).pathname;
const text = new Set(['.css', '.js', '.json', '.svg', '.txt']);

let raw = 0;
let packed = 0;
const sizes = new Map();
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
  sizes.set(file.slice(dist.length + 1), small.length);
}

const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
for (const [name, size] of [...sizes].sort((a, b) => b[1] - a[1])) console.log(kB(size).padStart(10), name);
console.log(`whole build ${kB(raw)}, embedded ${kB(packed)}`);

// Tells what each route costs who opens it first, and finds those that have
// grown too large or have come to wait for what only others use.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Gzip octets of script that a page may cost at most: half a second on a line of 5 Mbit/s. Explore is the largest. */
const mostScript = 300_000;

/** Large libraries, by a text that only they contain, and the page that may wait for them. All others load them later, or never. */
const heavy = [
  { library: 'uPlot', text: 'u-cursor-x', page: 'ExplorePage' },
  { library: 'React Flow', text: 'react-flow__', page: '' },
  { library: 'CodeMirror', text: 'cm-content', page: '' },
  { library: 'Monaco', text: 'monaco-editor', page: '' },
];

const kB = (n) => `${(n / 1000).toFixed(1)} kB`;

/** Files that a chunk of the manifest loads before it runs, itself included. */
function needs(manifest, key, found = new Set()) {
  const chunk = manifest[key];
  if (!chunk || found.has(chunk.file)) return found;
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  for (const next of chunk.imports ?? []) needs(manifest, next, found);
  return found;
}

/** Prints the routes of a build whose files are not compressed yet; returns what is wrong. */
export function routes(dist, manifest) {
  const bodies = new Map();
  const body = (file) => {
    if (!bodies.has(file)) {
      const text = readFileSync(`${dist}/${file}`);
      bodies.set(file, { text: text.toString('utf8'), size: gzipSync(text, { level: 9 }).length });
    }
    return bodies.get(file);
  };
  const cost = (files, kind) => [...files].filter((f) => f.endsWith(kind)).reduce((sum, f) => sum + body(f).size, 0);
  const tell = (name, files) => console.log(kB(cost(files, '.js')).padStart(11), 'script', kB(cost(files, '.css')).padStart(9), 'style ', name);

  const first = needs(manifest, 'index.html');
  tell('first page (sign-in, navigation)', first);
  const pages = Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry && /src\/pages\/.*Page\.tsx$/.test(key));
  const wrong = [];
  for (const key of pages) {
    const page = /(\w+)\.tsx$/.exec(key)[1];
    const whole = new Set([...first, ...needs(manifest, key)]);
    tell(`first page and ${page}`, whole);
    if (cost(whole, '.js') > mostScript) wrong.push(`${page} costs ${kB(cost(whole, '.js'))} of script, at most ${kB(mostScript)}`);
    for (const h of heavy) {
      const holder = [...whole].find((f) => f.endsWith('.js') && body(f).text.includes(h.text));
      if (holder && h.page !== page) wrong.push(`${page} waits for ${h.library} (${holder})`);
    }
  }
  tell('GraphQL explorer', needs(manifest, 'graphiql.html'));
  return wrong;
}

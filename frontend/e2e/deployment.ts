import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export type Demo = { api: string; tokenFile: string; units: { name: string }[] };

const readyMs = 90_000;

/**
 * Runs a demo until its own standard input ends, in whatever way the tests end, and
 * removes its data.
 */
const untilInputEnds = `trap '' INT
exec 3<&0
"$0" demo --data-dir "$1" --first "$2" & demo=$!
(cat <&3 >/dev/null; kill $demo) &
wait $demo; code=$?
rm -rf "$1"
exit $code`;

/** The Master's address: not that of a demo that somebody looks at meanwhile. */
const first = '127.0.90.11';

/** demo.json of the deployment under test. */
export function demo(): Demo & { token: string } {
  const file = process.env.WEIR_DEMO_JSON ?? '';
  const found = JSON.parse(readFileSync(file, 'utf8')) as Demo;
  const token = readFileSync(resolve(dirname(file), found.tokenFile), 'utf8').trim();
  return { ...found, token };
}

/** Uses the demo that WEIR_DEMO_JSON names, or starts one and ends it after the tests. */
export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.WEIR_DEMO_JSON) return undefined;
  const data = mkdtempSync(join(tmpdir(), 'weir-e2e-'));
  const process_ = spawn('sh', ['-c', untilInputEnds, resolve(import.meta.dirname, '../../bin/weir'), data, first], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const file = join(data, 'demo.json');
  await ready(process_, file);
  process.env.WEIR_DEMO_JSON = file;
  return async () => {
    const ended = new Promise((done) => process_.once('exit', done));
    process_.stdin?.end();
    await ended;
  };
}

async function ready(running: ChildProcess, file: string): Promise<void> {
  let failed: Error | undefined;
  running.once('error', (cause) => (failed = cause));
  const until = Date.now() + readyMs;
  while (!existsSync(file)) {
    if (failed) throw failed;
    if (running.exitCode !== null) throw new Error(`weir demo ended with ${running.exitCode} before it was ready`);
    if (Date.now() > until) throw new Error(`weir demo was not ready in ${readyMs} ms`);
    await new Promise((done) => setTimeout(done, 200));
  }
}

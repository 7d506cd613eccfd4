import { expect, test } from 'vitest';
import { curlOf } from './curl';

test('a question as a command', () => {
  expect(curlOf({ kind: 'total', filter: "proto tcp and not src ip 'x'" }, 'https://weir.example')).toBe(
    [
      "curl -fsS 'https://weir.example/api/v1/queries' \\",
      '  -H "Authorization: Bearer $WEIR_TOKEN" \\',
      "  -H 'Content-Type: application/json' \\",
      "  -H 'Prefer: wait=30' \\",
      `  -d '{"kind":"total","filter":"proto tcp and not src ip '\\''x'\\''"}'`,
    ].join('\n'),
  );
});

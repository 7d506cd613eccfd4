import { expect, test } from 'vitest';
import { indexOfOctet } from './problems';

test.each([
  ['proto tcp', 6, 6],
  ['"é" and x', 4, 3],
  ['"😀" and', 6, 4],
  ['abc', 99, 3],
  ['', 0, 0],
])('%j at octet %d', (text, octets, want) => expect(indexOfOctet(text, octets)).toBe(want));

import { describe, expect, test } from 'vitest';
import { narrow, termOf } from './terms';

describe('termOf', () => {
  test.each([
    ['srcAddr', '10.1.2.3', 'src ip 10.1.2.3'],
    ['dstAddr/24', '10.1.2.0/24', 'dst net 10.1.2.0/24'],
    ['addr', '2001:db8::1', 'ip 2001:db8::1'],
    ['addr/24', '10.1.2.0/24', 'net 10.1.2.0/24'],
    ['port', 443, 'port 443'],
    ['sourceGroup', 'new york', 'sourcegroup "new york"'],
    ['dstAddr/24', '2001:db8::1', 'dst ip 2001:db8::1'],
    ['srcAddr/24/48', '2001:db8::/48', 'src net 2001:db8::/48'],
    ['dstPort', 443, 'dst port 443'],
    ['proto', 6, 'proto tcp'],
    ['proto', 132, 'proto 132'],
    ['exporter', '192.0.2.1', 'exporter 192.0.2.1'],
    ['inIf', 3, 'in if 3'],
    ['direction', 0, 'flowdir 0'],
    ['icmpType', 8, 'icmp-type 8'],
    ['tcpFlags', 18, 'flags = 18'],
    ['tcpFlags', 0, undefined],
    ['first', '2026-11-25T10:00:00Z', undefined],
    ['srcAddr', null, undefined],
  ])('%s %s', (column, value, want) => expect(termOf(column, value)).toBe(want));
});

test('narrowing keeps what the filter meant', () => {
  expect(narrow('', 'proto 6', 'include')).toBe('proto 6');
  expect(narrow('proto 6', 'dst port 443', 'include')).toBe('proto 6 and dst port 443');
  expect(narrow('proto 6 or proto 17', 'dst port 53', 'exclude')).toBe('(proto 6 or proto 17) and not dst port 53');
  expect(narrow('', 'src ip 10.0.0.1 and proto 6', 'exclude')).toBe('not (src ip 10.0.0.1 and proto 6)');
});

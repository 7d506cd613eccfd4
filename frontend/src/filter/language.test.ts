import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parser } from './parser.generated.js';

/** The filters that every parser of the language must read or refuse. */
const corpus = readFileSync(new URL('../../../flowio/filter/testdata/corpus.txt', import.meta.url), 'utf8');

const accepted = corpus
  .split('\n')
  .filter((line) => line.startsWith('accept '))
  .map((line) => line.slice('accept '.length).replaceAll('\\n', '\n').replaceAll('\\t', '\t'));

function mistakes(text: string): number {
  let found = 0;
  parser.parse(text).iterate({ enter: (node) => void (node.type.isError && (found += 1)) });
  return found;
}

test('the corpus is there', () => expect(accepted.length).toBeGreaterThan(80));

test.each(accepted)('accepts %j', (text) => expect(mistakes(text)).toBe(0));

test.each(['(proto tcp', 'proto tcp)', 'port in [80', 'proto $'])('marks %j', (text) => expect(mistakes(text)).toBeGreaterThan(0));

test('tells words from names and numbers', () => {
  const kinds: string[] = [];
  parser.parse('not src port in [80 443] and exporter "x"').iterate({ enter: (n) => void kinds.push(n.name) });
  expect(kinds).toEqual([
    'Filter', 'Logic', 'Keyword', 'Keyword', 'Keyword', 'List', '[', 'Number', 'Number', ']', 'Logic', 'Keyword', 'Quoted',
  ]);
});

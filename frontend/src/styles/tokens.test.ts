import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** The colours of a scheme, with those that both schemes share. */
function tokens(scheme: 'light' | 'dark'): Map<string, string> {
  const blocks = [...css.matchAll(/([^{}]+)\{([^}]+)\}/g)];
  const own = blocks.filter(([, selector = '']) => !selector.includes('[') || selector.includes(`'${scheme}'`));
  const pairs = own.flatMap(([, , body = '']) => [...body.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6});/g)]);
  return new Map(pairs.map(([, name = '', value = '']) => [name, value]));
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(colour.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['--page', '--panel', '--panel-raised', '--row-hover', '--row-chosen'];
const texts = ['--text', '--text-dim', '--link', '--ok', '--warn', '--bad'].flatMap((t) => grounds.map((g) => [t, g] as const));
const badges = ['ok', 'warn', 'bad', 'idle'].map((tone) => [`--${tone}`, `--${tone}-soft`] as const);
const syntax = ['keyword', 'operator', 'number', 'text'].map((s) => [`--syntax-${s}`, '--panel'] as const);
const marks = ['--border-control', '--focus', '--warn-mark'].map((m) => [m, '--panel'] as const);

test.each(['light', 'dark'] as const)('text is readable in the %s scheme', (scheme) => {
  const known = tokens(scheme);
  const ratio = ([a, b]: readonly [string, string]) => contrast(known.get(a) ?? '', known.get(b) ?? '');
  const faint = [...texts, ...badges, ...syntax].filter((pair) => !(ratio(pair) >= 4.5)).map((p) => [...p, ratio(p)]);
  expect(faint).toEqual([]);
  const weak = marks.filter((pair) => !(ratio(pair) >= 3)).map((p) => [...p, ratio(p)]);
  expect(weak).toEqual([]);
});

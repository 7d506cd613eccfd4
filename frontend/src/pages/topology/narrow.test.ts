import { expect, test } from 'vitest';
import { demo, unit } from '../../test/topologies';
import { narrow, tilesOf, troubledIn, unitsIn } from './narrow';
import { sections } from './sections';

const whole = () =>
  sections(demo((units) => units.map((u) => (u.name === 'london-slave-2' ? unit('london-slave-2', 'slave', { state: 'lost', reason: 'silent' }) : u))));

const names = (text: string, troubled = false) => narrow(whole(), { text, troubled }).flatMap((s) => s.places.map((p) => p.unit.name));

test('units are found by what is known of them and of their group', () => {
  expect(names('')).toHaveLength(5);
  expect(names('docklands slave')).toEqual(['london-slave-1', 'london-slave-2']);
  expect(names('SILENT')).toEqual(['london-slave-2']);
  expect(names('', true)).toEqual(['london-slave-2']);
  expect(names('hq', true)).toEqual([]);
  expect([unitsIn(whole()), troubledIn(whole())]).toEqual([5, 1]);
});

test('a tile sums up a section, the worst first', () => {
  const tiles = tilesOf(whole());
  expect(tiles.map((t) => [t.title, t.tone, t.troubles, t.recordsPerSecond])).toEqual([
    ['london', 'bad', '1 lost', 3000],
    ['Masters', 'ok', '', 0],
    ['hq', 'ok', '', 3000],
  ]);
});

import { expect, test } from 'vitest';
import { isZone, namedZones } from './zones';

test('zones are the browser’s, UTC and those of the IANA database', () => {
  expect(['local', 'UTC', 'Europe/Prague', 'Mars/Olympus', '', 7].map(isZone)).toEqual([true, true, true, false, false, false]);
  expect(namedZones()).toContain('Asia/Tokyo');
});

import { expect, test } from 'vitest';
import { hearTime, masterTime } from './clock';

const off = () => Math.round((masterTime() - Date.now()) / 1000);

test('ages follow the clock of the Master, unless both agree', () => {
  const now = Date.UTC(2026, 10, 25, 12);
  expect(off()).toBe(0);
  hearTime('Wed, 25 Nov 2026 12:05:00 GMT', now);
  expect(off()).toBe(300);
  hearTime(null, now);
  expect(off()).toBe(300);
  hearTime('Wed, 25 Nov 2026 11:59:58 GMT', now);
  expect(off()).toBe(0);
});

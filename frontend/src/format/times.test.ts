import { describe, expect, test } from 'vitest';
import { ago, clockMillis, dateTime, parseDateTime, range, span, zoneName } from './times';

const noon = Date.UTC(2026, 10, 25, 12, 0, 5, 7);

test('24-hour clock in UTC', () => {
  expect(dateTime(noon, 'UTC')).toBe('2026-11-25 12:00:05');
  expect(dateTime(Date.UTC(2026, 0, 1), 'UTC')).toBe('2026-01-01 00:00:00');
  expect(clockMillis(noon, 'UTC')).toBe('12:00:05.007');
});

test('a range says its date once', () => {
  expect(range(noon, noon + 60_000, 'UTC')).toBe('2026-11-25 12:00:05 – 12:01:05');
  expect(range(noon, noon + 86_400_000, 'UTC')).toBe('2026-11-25 12:00:05 – 2026-11-26 12:00:05');
});

test('the local zone agrees with the platform', () => {
  const local = new Date(noon);
  expect(dateTime(noon, 'local').slice(11, 13)).toBe(String(local.getHours()).padStart(2, '0'));
  expect(zoneName('local', noon)).toContain(Intl.DateTimeFormat().resolvedOptions().timeZone);
  expect(zoneName('UTC')).toBe('UTC');
  expect(zoneName('Asia/Tokyo', noon)).toBe('Asia/Tokyo (UTC+9)');
  expect(zoneName('Asia/Kathmandu', noon)).toBe('Asia/Kathmandu (UTC+5:45)');
  expect(dateTime(noon, 'Asia/Tokyo')).toBe('2026-11-25 21:00:05');
});

describe('parseDateTime', () => {
  test.each([
    ['2026-11-25', Date.UTC(2026, 10, 25)],
    ['2026-11-25 12:00', Date.UTC(2026, 10, 25, 12)],
    [' 2026-11-25T12:00:05 ', Date.UTC(2026, 10, 25, 12, 0, 5)],
    ['2026-02-30', undefined],
    ['25.11.2026', undefined],
    ['', undefined],
  ])('%s', (text, want) => expect(parseDateTime(text, 'UTC')).toBe(want));

  test.each(['local', 'UTC', 'Asia/Tokyo', 'America/New_York', 'Asia/Kathmandu'])('reads what dateTime writes in %s', (zone) => {
    for (const month of [0, 6]) {
      const second = Date.UTC(2026, month, 25, 12, 0, 5);
      expect(parseDateTime(dateTime(second, zone), zone)).toBe(second);
    }
  });

  test('an hour that comes twice or never is still read', () => {
    expect(parseDateTime('2026-03-29 02:30', 'Europe/Prague')).toBe(Date.UTC(2026, 2, 29, 1, 30));
    expect([Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)]).toContain(parseDateTime('2026-10-25 02:30', 'Europe/Prague'));
  });
});

test('spans', () => {
  expect(span(300)).toBe('300 ms');
  expect(span(1000)).toBe('1 s');
  expect(span(7_500_000)).toBe('2 h 5 min');
  expect(span(86_400_000)).toBe('1 d');
  expect(span(3_605_000)).toBe('1 h');
});

test('ago never runs into the future', () => {
  expect(ago(noon, noon - 5000)).toBe('now');
  expect(ago(noon - 65_000, noon)).toBe('1 min 5 s ago');
});

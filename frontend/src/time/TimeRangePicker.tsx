import { ActionIcon, Button, Popover, TextInput, Tooltip, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronLeft, IconChevronRight, IconClock, IconZoomOut } from '@tabler/icons-react';
import { lazy, Suspense, useImperativeHandle, useState, type FormEvent, type RefObject } from 'react';
import { dateTime, parseDateTime, range as rangeText, zoneName } from '../format/times';
import type { Zone } from '../format/zones';
import { bounds, presetLabel, presets, problem, resolve, shift, zoom, type TimeRange } from './range';
import styles from './TimeRangePicker.module.css';

const Calendar = lazy(() => import('./Calendar'));

type Props = {
  range: TimeRange;
  zone: Zone;
  onChange: (range: TimeRange) => void;
  /** Lets the page open the picker. */
  openRef?: RefObject<(() => void) | null>;
};

/** Chooses a time range: relative, by text, by calendar, or by stepping. */
export function TimeRangePicker({ range, zone, onChange, openRef }: Props) {
  const [open, setOpen] = useState(false);
  useImperativeHandle(openRef, () => () => setOpen(true), []);
  const step = (by: -1 | 1) => onChange(shift(range, by, Date.now()));
  const choose = (chosen: TimeRange) => {
    setOpen(false);
    onChange(chosen);
  };
  return (
    <div className={styles.group} role="group" aria-label="Time range">
      <Tooltip label="Earlier (t ←)">
        <ActionIcon variant="default" size={30} aria-label="Half a range earlier" onClick={() => step(-1)}>
          <IconChevronLeft size={15} />
        </ActionIcon>
      </Tooltip>
      <Popover opened={open} onChange={setOpen} position="bottom-end" width="min(540px, calc(100vw - 16px))" shadow="md" trapFocus returnFocus>
        <Popover.Target>
          <UnstyledButton className={styles.button} onClick={() => setOpen(!open)} aria-expanded={open} aria-haspopup="dialog">
            <IconClock size={14} aria-hidden /> {labelOf(range, zone)} <IconChevronDown size={13} aria-hidden />
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown aria-label="Time range" p={0}>
          <Panel key={`${range.from}/${range.to}`} {...{ range, zone, choose }} />
        </Popover.Dropdown>
      </Popover>
      <Tooltip label="Later (t →)">
        <ActionIcon variant="default" size={30} aria-label="Half a range later" onClick={() => step(1)}>
          <IconChevronRight size={15} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Twice as long (t −)">
        <ActionIcon variant="default" size={30} aria-label="Range twice as long" onClick={() => onChange(zoom(range, 'out', Date.now()))}>
          <IconZoomOut size={15} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

function labelOf(range: TimeRange, zone: Zone): string {
  const known = presetLabel(range);
  if (known) return known;
  if (range.from.startsWith('now') || range.to.startsWith('now')) return `${show(range.from, zone)} to ${show(range.to, zone)}`;
  const [from, to] = bounds(range, Date.now());
  return rangeText(from, to, zone);
}

/** An end as a person edits it: relative as it is, a moment in the chosen zone. */
function show(end: string, zone: Zone): string {
  if (end.startsWith('now')) return end;
  const ms = resolve(end, 0);
  return ms === undefined ? end : dateTime(ms, zone);
}

function read(text: string, zone: Zone): string {
  const ms = parseDateTime(text, zone);
  return ms === undefined ? text.trim() : new Date(ms).toISOString();
}

type PanelProps = { range: TimeRange; zone: Zone; choose: (range: TimeRange) => void };

function Panel({ range, zone, choose }: PanelProps) {
  const [from, setFrom] = useState(() => show(range.from, zone));
  const [to, setTo] = useState(() => show(range.to, zone));
  const [opened] = useState(() => Date.now());
  const written = { from: read(from, zone), to: read(to, zone) };
  const wrong = problem(written, opened);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wrong) choose(written);
  };
  const pickDays = (first: string, last: string) => {
    setFrom(`${first} 00:00:00`);
    setTo(`${last} 23:59:59`);
  };
  return (
    <div className={styles.panel}>
      <div className={styles.presets} role="group" aria-label="Relative to now">
        {presets.map((p) => (
          <UnstyledButton
            key={p.label}
            className={styles.preset}
            aria-pressed={p.range.from === range.from && p.range.to === range.to}
            onClick={() => choose(p.range)}
          >
            {p.label}
          </UnstyledButton>
        ))}
      </div>
      <form className={styles.exact} onSubmit={submit}>
        <TextInput label="From" value={from} onChange={(e) => setFrom(e.currentTarget.value)} data-autofocus />
        <TextInput label="To" value={to} onChange={(e) => setTo(e.currentTarget.value)} error={wrong} />
        <p className={styles.zone}>
          YYYY-MM-DD hh:mm:ss in {zoneName(zone)}, or now, now-90m, now-2d
        </p>
        <Suspense fallback={<div className={styles.calendarRoom} />}>
          <Calendar onPick={pickDays} />
        </Suspense>
        <Button type="submit" disabled={wrong !== undefined}>
          Apply
        </Button>
      </form>
    </div>
  );
}


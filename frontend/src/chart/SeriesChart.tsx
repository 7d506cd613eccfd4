import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dateTime, type Zone } from '../format/times';
import styles from './SeriesChart.module.css';
import { axisWidth, options, type ChartLine, type Drawing, type Stretch } from './options';
import { stack } from './stack';

type Props = {
  /** Start of each step, in milliseconds. */
  times: readonly number[];
  from: number;
  to: number;
  lines: readonly ChartLine[];
  stacked: boolean;
  zone: Zone;
  missing: readonly Stretch[];
  format: (value: number) => string;
  label: string;
  /** Key of the line that stands out. */
  highlight?: string;
  onZoom: (from: number, to: number) => void;
  onZoomOut: () => void;
};

/** Where the pointer is, in pixels of the plot without its axes. */
type Hover = { index: number; left: number; width: number };

const hoverLines = 12;

/** Lines over time on a canvas. The table beside it is its text. */
export function SeriesChart(props: Props) {
  const { times, lines, stacked, label, highlight, zone, format } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const scheme = useComputedColorScheme('light');
  const drawing = useRef<Drawing | null>(null);
  const data = useMemo(() => chartData(times, lines, stacked), [times, lines, stacked]);
  const shape = `${scheme}|${stacked}|${zone}|${lines.map((l) => l.key + l.colour).join('|')}`;

  useEffect(() => {
    drawing.current = {
      ...props,
      onHover: (index, left, width) =>
        setHover(index === null || left < 0 ? null : { index: Math.min(index, times.length - 1), left, width }),
    };
  });

  useEffect(() => {
    const element = host.current as HTMLDivElement;
    const made = new uPlot(options(() => drawing.current as Drawing, element), data, element);
    chart.current = made;
    const watch = new ResizeObserver(() => {
      made.setSize({ width: Math.max(200, element.clientWidth), height: Math.max(120, element.clientHeight) });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
    // A new shape needs a new chart; new numbers are set below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);

  useEffect(() => chart.current?.setData(data), [data]);

  useEffect(() => {
    const at = chart.current?.series.findIndex((s, i) => i > 0 && s.label === highlight) ?? -1;
    chart.current?.setSeries(at > 0 ? at : null, { focus: at > 0 });
  }, [highlight, data]);

  return (
    <div className={styles.chart}>
      <div ref={host} className={styles.canvas} role="img" aria-label={label} />
      {hover && <HoverBox {...{ hover, lines, format }} title={dateTime(times[hover.index] ?? 0, zone)} />}
    </div>
  );
}

/** A step lasts until the next begins, so the last one needs an end of its own. */
function chartData(times: readonly number[], lines: readonly ChartLine[], stacked: boolean): uPlot.AlignedData {
  const values = lines.map((l) => l.values);
  const drawn = stacked ? stack(values).reverse() : values;
  const [last, before] = [times.at(-1), times.at(-2)];
  const starts = times.map((t) => t / 1000);
  if (last === undefined || before === undefined) return [starts, ...drawn.map((v) => [...v])];
  return [[...starts, (2 * last - before) / 1000], ...drawn.map((v) => [...v, v.at(-1) ?? 0])];
}

type BoxProps = {
  hover: Hover;
  lines: readonly ChartLine[];
  format: (value: number) => string;
  title: string;
};

const boxWidth = 260;
const boxGap = 16;

/** The values under the pointer, the greatest first. */
function HoverBox({ hover, lines, format, title }: BoxProps) {
  const rows = lines
    .map((line) => ({ line, value: line.values[hover.index] ?? 0 }))
    .sort((a, b) => b.value - a.value);
  const onLeft = hover.left + boxWidth + boxGap > hover.width;
  const left = axisWidth + (onLeft ? hover.left - boxWidth - boxGap : hover.left + boxGap);
  return (
    <div
      className={styles.hover}
      aria-hidden
      style={{ width: boxWidth, top: 12, left }}
    >
      <div className={styles.hoverTitle}>{title}</div>
      {rows.slice(0, hoverLines).map(({ line, value }) => (
        <div key={line.key} className={styles.hoverRow}>
          <i style={{ background: line.colour }} />
          <span>{line.name}</span>
          <b>{format(value)}</b>
        </div>
      ))}
      {rows.length > 1 && (
        <div className={styles.hoverRow} data-sum>
          <i />
          <span>sum</span>
          <b>{format(rows.reduce((sum, r) => sum + r.value, 0))}</b>
        </div>
      )}
    </div>
  );
}

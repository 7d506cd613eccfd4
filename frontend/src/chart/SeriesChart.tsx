import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dateTime } from '../format/times';
import type { Zone } from '../format/zones';
import styles from './SeriesChart.module.css';
import { HoverBox, type Hover } from './HoverBox';
import { options, type ChartLine, type Drawing, type Shape, type Stretch } from './options';
import { shares, stack } from './stack';

type Props = {
  /** Start of each step, in milliseconds. */
  times: readonly number[];
  from: number;
  to: number;
  lines: readonly ChartLine[];
  shape: Shape;
  before?: ChartLine;
  zone: Zone;
  missing: readonly Stretch[];
  format: (value: number) => string;
  label: string;
  /** Key of the line that stands out. */
  highlight?: string;
  onZoom: (from: number, to: number) => void;
  onZoomOut: () => void;
};

/** Lines over time on a canvas. The table beside it is its text. */
export function SeriesChart(props: Props) {
  const { times, lines, shape, before, label, highlight, zone, format } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const scheme = useComputedColorScheme('light');
  const drawing = useRef<Drawing | null>(null);
  const data = useMemo(() => chartData(times, lines, shape, before), [times, lines, shape, before]);
  const look = `${scheme}|${shape}|${zone}|${before !== undefined}|${lines.map((l) => l.key + l.colour).join('|')}`;

  useEffect(() => {
    drawing.current = {
      ...props,
      before,
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
    // A new look needs a new chart; new numbers are set below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [look]);

  useEffect(() => chart.current?.setData(data), [data]);

  useEffect(() => {
    const at = chart.current?.series.findIndex((s, i) => i > 0 && s.label === highlight) ?? -1;
    chart.current?.setSeries(at > 0 ? at : null, { focus: at > 0 });
  }, [highlight, data]);

  return (
    <div className={styles.chart}>
      <div ref={host} className={styles.canvas} role="img" aria-label={label} />
      {hover && <HoverBox {...{ hover, lines, before, format }} isShare={shape === 'share'} title={dateTime(times[hover.index] ?? 0, zone)} />}
    </div>
  );
}

/** A step lasts until the next begins, so the last one needs an end of its own. */
function chartData(times: readonly number[], lines: readonly ChartLine[], shape: Shape, before: ChartLine | undefined): uPlot.AlignedData {
  const values = lines.map((l) => l.values);
  const whole = shape === 'share' ? shares(values) : values;
  const drawn = [...(shape === 'lines' ? whole : stack(whole).reverse()), ...(before ? [before.values] : [])];
  const [last, previous] = [times.at(-1), times.at(-2)];
  const starts = times.map((t) => t / 1000);
  if (last === undefined || previous === undefined) return [starts, ...drawn.map((v) => [...v])];
  return [[...starts, (2 * last - previous) / 1000], ...drawn.map((v) => [...v, v.at(-1) ?? 0])];
}

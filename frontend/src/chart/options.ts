/** How uPlot draws: axes, stacked areas, gaps in the coverage. */
import uPlot from 'uplot';
import { clock, day } from '../format/times';
import type { Zone } from '../format/zones';
import { resolved } from './colours';

export type ChartLine = { key: string; name: string; colour: string; values: readonly number[] };
/** One upon the other, as shares of the whole, or each by itself. */
export type Shape = 'stacked' | 'share' | 'lines';
export type Stretch = { from: number; to: number };

export type Drawing = {
  lines: readonly ChartLine[];
  shape: Shape;
  /** A line that is no part of the whole, such as that of an earlier time. */
  before: ChartLine | undefined;
  zone: Zone;
  from: number;
  to: number;
  missing: readonly Stretch[];
  format: (value: number) => string;
  onZoom: (from: number, to: number) => void;
  onZoomOut: () => void;
  onHover: (index: number | null, left: number, plotWidth: number) => void;
};

/** Room for the values beside the chart, in pixels. */
export const axisWidth = 76;

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Times under the chart; the date where a day begins, seconds only when needed. */
function tick(ms: number, index: number, splits: readonly number[], zone: Zone): string {
  const gap = ((splits[1] ?? 0) - (splits[0] ?? 0)) * 1000;
  const time = clock(ms, zone);
  if (gap >= dayMs || (time === '00:00:00' && index > 0)) return day(ms, zone).slice(5);
  return gap > 0 && gap < minuteMs ? time : time.slice(0, 5);
}

function axes(drawing: () => Drawing, host: Element): uPlot.Axis[] {
  const line = { stroke: resolved('var(--grid)', host), width: 1 };
  const common = {
    stroke: resolved('var(--axis)', host),
    font: `11px ${getComputedStyle(host).fontFamily}`,
    grid: line,
    ticks: { ...line, size: 4 },
  };
  return [
    { ...common, space: 76, size: 26, gap: 4, values: (_, splits) => splits.map((s, i) => tick(s * 1000, i, splits, drawing().zone)) },
    { ...common, space: 34, size: axisWidth, gap: 5, values: (_, splits) => splits.map((v) => axisText(drawing(), v)) },
  ];
}

const axisText = ({ shape, format }: Drawing, value: number): string => (shape === 'share' ? `${value} %` : format(value));

const hatchGap = 9;

/** Stretches that some unit did not answer for: hatched, so that nobody reads them as silence. */
function drawMissing(u: uPlot, drawing: Drawing, colour: string): void {
  const { ctx, bbox } = u;
  const gap = hatchGap * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  for (const { from, to } of drawing.missing) {
    if (to < drawing.from || from > drawing.to) continue; // of the time that is compared with
    const left = Math.max(bbox.left, u.valToPos(from / 1000, 'x', true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(to / 1000, 'x', true));
    ctx.rect(left, bbox.top, Math.max(2, right - left), bbox.height);
  }
  ctx.clip();
  ctx.beginPath();
  for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += gap) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}

/** Areas let the grid shine through. */
const areaFill = (colour: string): string => `color-mix(in srgb, ${colour} 80%, transparent)`;

function series(drawing: Drawing, host: Element): uPlot.Series[] {
  const steps = uPlot.paths.stepped?.({ align: 1 });
  const isArea = drawing.shape !== 'lines';
  const order = isArea ? [...drawing.lines].reverse() : drawing.lines;
  const drawn = order.map((line): uPlot.Series => {
    const colour = resolved(line.colour, host);
    return {
      label: line.key,
      stroke: colour,
      width: isArea ? 1 : 1.5,
      fill: isArea ? areaFill(colour) : undefined,
      paths: steps,
      points: { show: false },
    };
  });
  return [{}, ...drawn, ...beforeSeries(drawing, host)];
}

/** Dashed, so that it is told from the lines of the present without colour. */
function beforeSeries({ before }: Drawing, host: Element): uPlot.Series[] {
  if (!before) return [];
  return [{
    label: before.key,
    stroke: resolved(before.colour, host),
    width: 2,
    dash: [5, 4],
    paths: uPlot.paths.stepped?.({ align: 1 }),
    points: { show: false },
  }];
}

/** Each area ends where the next begins, so that none shines through another. */
function bands(drawing: Drawing): uPlot.Band[] {
  if (drawing.shape === 'lines') return [];
  return drawing.lines.slice(1).map((_, i) => ({ series: [i + 1, i + 2] }));
}

export function options(drawing: () => Drawing, host: HTMLElement): uPlot.Options {
  const now = drawing();
  const missing = resolved('var(--missing)', host);
  return {
    width: Math.max(200, host.clientWidth),
    height: Math.max(120, host.clientHeight),
    ms: 1e-3,
    legend: { show: false },
    scales: {
      x: { time: true, range: () => [drawing().from / 1000, drawing().to / 1000] },
      y: { range: (_, __, max) => [0, drawing().shape === 'share' ? 100 : max > 0 ? max * 1.06 : 1] },
    },
    axes: axes(drawing, host),
    series: series(now, host),
    bands: bands(now),
    focus: { alpha: 0.25 },
    padding: [10, 14, 0, 0],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          drawing().onZoomOut();
          return null;
        },
      },
    },
    hooks: {
      drawClear: [(u) => drawMissing(u, drawing(), missing)],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return;
          const from = u.posToVal(u.select.left, 'x') * 1000;
          const to = u.posToVal(u.select.left + u.select.width, 'x') * 1000;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          drawing().onZoom(from, to);
        },
      ],
      setCursor: [(u) => drawing().onHover(u.cursor.idx ?? null, u.cursor.left ?? 0, u.over.clientWidth)],
    },
  };
}

import { percent } from '../format/numbers';
import { axisWidth, type ChartLine } from './options';
import styles from './SeriesChart.module.css';

/** Where the pointer is, in pixels of the plot without its axes. */
export type Hover = { index: number; left: number; width: number };

type Props = {
  hover: Hover;
  lines: readonly ChartLine[];
  before: ChartLine | undefined;
  /** Whether the share of each line is told as well. */
  isShare: boolean;
  format: (value: number) => string;
  title: string;
};

const mostLines = 12;
const width = 260;
const gap = 16;

/** The values under the pointer, the greatest first. */
export function HoverBox({ hover, lines, before, isShare, format, title }: Props) {
  const rows = lines
    .map((line) => ({ line, value: line.values[hover.index] ?? 0 }))
    .sort((a, b) => b.value - a.value);
  const sum = rows.reduce((n, r) => n + r.value, 0);
  const onLeft = hover.left + width + gap > hover.width;
  const left = axisWidth + (onLeft ? hover.left - width - gap : hover.left + gap);
  return (
    <div className={styles.hover} aria-hidden style={{ width, top: 12, left }}>
      <div className={styles.hoverTitle}>{title}</div>
      {rows.slice(0, mostLines).map(({ line, value }) => (
        <Row key={line.key} colour={line.colour} name={line.name} text={isShare ? `${percent(value, sum)} · ${format(value)}` : format(value)} />
      ))}
      {rows.length > 1 && <Row name="sum" text={format(sum)} isSum />}
      {before && <Row name={before.name} text={format(before.values[hover.index] ?? 0)} />}
    </div>
  );
}

type RowProps = { colour?: string; name: string; text: string; isSum?: boolean };

const Row = ({ colour, name, text, isSum }: RowProps) => (
  <div className={styles.hoverRow} data-sum={isSum || undefined}>
    <i style={{ background: colour }} />
    <span>{name}</span>
    <b>{text}</b>
  </div>
);

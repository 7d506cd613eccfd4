import { colourOf } from '../../chart/colours';
import { rate, type Metric } from '../../format/numbers';
import { changeOf } from './compare';
import styles from './explore.module.css';
import { lineStats, type Line, type Lines } from './lines';
import { ValueCell } from './ValueMenu';

type Props = {
  lines: Lines;
  before: Line | undefined;
  metric: Metric;
  highlight?: string;
  onHighlight: (key: string | undefined) => void;
};

const stats = [['Min', 'min'], ['Mean', 'mean'], ['Max', 'max'], ['p95', 'p95'], ['Last', 'last']] as const;

/** The lines of the chart with their statistics: legend and text of the picture. */
export function Legend({ lines, before, metric, highlight, onHighlight }: Props) {
  return (
    <div className={`scroll ${styles.legend}`} tabIndex={0} role="region" aria-label="Lines of the chart">
      <table className="table" onMouseLeave={() => onHighlight(undefined)}>
        <thead>
          <tr>
            <th scope="col">Line</th>
            {stats.map(([name]) => (
              <th key={name} scope="col" className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before && (
            <tr>
              <td className={styles.legendName}>
                <i className={styles.dashed} aria-hidden />
                {before.name} <Change lines={lines} before={before} />
              </td>
              <Stats line={before} metric={metric} />
            </tr>
          )}
          {lines.lines.map((line, i) => (
            <tr key={line.key} data-lit={line.key === highlight || undefined} onMouseEnter={() => onHighlight(line.key)}>
              <td className={styles.legendName}>
                <i className={styles.swatch} style={{ background: colourOf(i, line.other) }} aria-hidden />
                <Name line={line} columns={lines.columns} />
              </td>
              <Stats line={line} metric={metric} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Name({ line, columns }: { line: Line; columns: Lines['columns'] }) {
  if (line.group.length === 0) return line.name;
  return line.group.map((value, at) => (
    <span key={columns[at]} className={styles.part}>
      <ValueCell column={columns[at] ?? ''} value={value} />
    </span>
  ));
}

function Change({ lines, before }: { lines: Lines; before: Line }) {
  const change = changeOf(lines, before);
  return change && <span className="dim">now {change}</span>;
}

function Stats({ line, metric }: { line: Line; metric: Metric }) {
  const of = lineStats(line.values);
  return stats.map(([name, key]) => (
    <td key={name} className="num">
      {rate(metric, of[key])}
    </td>
  ));
}

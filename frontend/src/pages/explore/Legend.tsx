import { rate, type Metric } from '../../format/numbers';
import styles from './explore.module.css';
import { colourOf } from '../../chart/colours';
import { lineStats, type Lines } from './lines';
import { ValueCell } from './ValueMenu';

type Props = {
  lines: Lines;
  metric: Metric;
  highlight?: string;
  onHighlight: (key: string | undefined) => void;
};

/** The lines of the chart with their statistics: legend and text of the picture. */
export function Legend({ lines, metric, highlight, onHighlight }: Props) {
  const show = (value: number) => rate(metric, value);
  return (
    <div className={`scroll ${styles.legend}`} tabIndex={0} role="region" aria-label="Lines of the chart">
      <table className="table" onMouseLeave={() => onHighlight(undefined)}>
        <thead>
          <tr>
            <th scope="col">Line</th>
            {['Mean', 'Max', 'p95', 'Last'].map((name) => (
              <th key={name} scope="col" className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.lines.map((line, i) => {
            const stats = lineStats(line.values);
            return (
              <tr key={line.key} data-lit={line.key === highlight || undefined} onMouseEnter={() => onHighlight(line.key)}>
                <td className={styles.legendName}>
                  <i className={styles.swatch} style={{ background: colourOf(i, line.other) }} aria-hidden />
                  {line.group.length === 0
                    ? line.name
                    : line.group.map((value, at) => (
                        <span key={lines.columns[at]} className={styles.part}>
                          <ValueCell column={lines.columns[at] ?? ''} value={value} />
                        </span>
                      ))}
                </td>
                <td className="num">{show(stats.mean)}</td>
                <td className="num">{show(stats.max)}</td>
                <td className="num">{show(stats.p95)}</td>
                <td className="num">{show(stats.last)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

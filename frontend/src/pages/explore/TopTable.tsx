import { colourOf } from '../../chart/colours';
import { Bar } from '../../components/Bar';
import { count, exact, metrics, percent, perSecond, rate, volume, type Metric } from '../../format/numbers';
import type { ResultPartsFragment } from '../../graphql/generated/graphql';
import styles from './explore.module.css';
import { columnLabel } from './fields';
import { NoFlows } from './NoFlows';
import { ValueCell } from './ValueMenu';

type Props = {
  result: ResultPartsFragment;
  metric: Metric;
  /** Place in the chart's palette of a group, by the key of its line. */
  colours: ReadonlyMap<string, number>;
  onHighlight: (key: string | undefined) => void;
};

type Group = { key: string; values: ResultPartsFragment['rows'][number]; sums: Record<Metric, number>; exact: Record<Metric, string> };

function groupsOf(result: ResultPartsFragment, fields: number[]): Group[] {
  const at = (metric: Metric) => result.columns.findIndex((c) => c.name === metric);
  return result.rows.map((row) => {
    const values = fields.map((i) => row[i] ?? null);
    const pairs = metrics.map((m) => [m, String(row[at(m)] ?? '0')] as const);
    return {
      key: JSON.stringify(values),
      values,
      sums: Object.fromEntries(pairs.map(([m, text]) => [m, Number(text)])) as Record<Metric, number>,
      exact: Object.fromEntries(pairs) as Record<Metric, string>,
    };
  });
}

/** A row of sums in the order of the metric columns, by metric; what it does not tell is 0. */
function sumsOf(result: ResultPartsFragment, row: ResultPartsFragment['total'] | undefined): Record<Metric, number> {
  const names = result.columns.map((c) => c.name).filter((n): n is Metric => metrics.includes(n as Metric));
  const sums = { bytes: 0, packets: 0, flows: 0 };
  names.forEach((name, i) => (sums[name] = Number(row?.[i] ?? 0)));
  return sums;
}

/** The groups with the greatest sums over the whole range, and what they leave. */
export function TopTable({ result, metric, colours, onHighlight }: Props) {
  const fields = result.columns.flatMap((c, i) => (metrics.includes(c.name as Metric) ? [] : [i]));
  const groups = groupsOf(result, fields);
  if (groups.length === 0) return <NoFlows coverage={result.coverage} />;
  const totals = sumsOf(result, result.total ?? result.rows[0] ?? null);
  const seconds = (Date.parse(result.to) - Date.parse(result.from)) / 1000;
  const other = sumsOf(result, result.other);
  return (
    <div className={`scroll ${styles.tabTable}`} tabIndex={0} role="region" aria-label="Top groups">
      <table className="table" onMouseLeave={() => onHighlight(undefined)}>
        <thead>
          <tr>
            <th scope="col" className={styles.rank}>
              #
            </th>
            {fields.map((i) => (
              <th key={i} scope="col">
                {columnLabel(result.columns[i]?.name ?? '')}
              </th>
            ))}
            {fields.length === 0 && <th scope="col">Flows</th>}
            <th scope="col" className={styles.shareHead}>
              Share of {metric}
            </th>
            {metrics.map((m) => (
              <th key={m} scope="col" className="num">
                {columnLabel(m)}
              </th>
            ))}
            <th scope="col" className="num">
              Mean rate
            </th>
            <th scope="col" className="num">
              Bytes/packet
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((g, rank) => (
            <tr key={g.key} onMouseEnter={() => onHighlight(g.key)}>
              <td className={styles.rank}>{rank + 1}</td>
              {fields.map((i, at) => (
                <td key={i}>
                  {at === 0 && <Swatch index={colours.get(g.key)} />}
                  <ValueCell column={result.columns[i]?.name ?? ''} value={g.values[at]} />
                </td>
              ))}
              {fields.length === 0 && <td>all flows</td>}
              <Cells sums={g.sums} totals={totals} metric={metric} seconds={seconds} titles={g.exact} />
            </tr>
          ))}
          {fields.length > 0 && other[metric] > 0 && (
            <tr className={styles.otherRow}>
              <td className={styles.rank} />
              <td colSpan={fields.length}>
                <Swatch index={-1} />
                other
              </td>
              <Cells sums={other} totals={totals} metric={metric} seconds={seconds} />
            </tr>
          )}
        </tbody>
        {fields.length > 0 && (
          <tfoot>
            <tr>
              <td className={styles.rank} />
              <td colSpan={fields.length}>
                {result.groups ? `all ${count(Number(result.groups), 'group')}` : 'all'}
              </td>
              <Cells sums={totals} totals={totals} metric={metric} seconds={seconds} />
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

function Swatch({ index }: { index: number | undefined }) {
  const background = index === undefined ? 'transparent' : colourOf(index, index < 0);
  return <i className={styles.swatch} style={{ background }} aria-hidden />;
}

type CellsProps = {
  sums: Record<Metric, number>;
  totals: Record<Metric, number>;
  metric: Metric;
  seconds: number;
  titles?: Record<Metric, string>;
};

function Cells({ sums, totals, metric, seconds, titles }: CellsProps) {
  const title = (m: Metric) => exact(titles?.[m] ?? Math.round(sums[m]));
  const share = totals[metric] > 0 ? sums[metric] / totals[metric] : 0;
  return (
    <>
      <td>
        <span className={styles.share}>
          <Bar share={share} />
          {percent(sums[metric], totals[metric])}
        </span>
      </td>
      {metrics.map((m) => (
        <td key={m} className="num" title={title(m)}>
          {volume(m, sums[m])}
        </td>
      ))}
      <td className="num">{rate(metric, perSecond(metric, sums[metric], seconds))}</td>
      <td className="num">{sums.packets > 0 ? exact(Math.round(sums.bytes / sums.packets)) : '–'}</td>
    </>
  );
}

import { count, exact, si } from '../../format/numbers';
import { range as rangeText, span, zoneName } from '../../format/times';
import { usePreferences } from '../../preferences';
import { seconds } from '../../time/range';
import { costOf } from './cost';
import styles from './explore.module.css';
import type { Answers } from './useAnswers';

/** What the answer covers and what it cost. */
export function Footer({ answers }: { answers: Answers }) {
  const { zone } = usePreferences();
  const result = answers.series.data?.result;
  if (!result) return <footer className={styles.footer} />;
  const results = answers.shown.flatMap((r) => (r.data ? [r.data.result] : []));
  const scanned = results.reduce((sum, r) => sum + Number(r.stats.rowsScanned), 0);
  const read = results.reduce((sum, r) => sum + Number(r.stats.bytesRead), 0);
  const stats = costOf(results);
  const slowest = Math.max(...results.map((r) => Number(r.stats.elapsedMs)));
  const { unitsAsked, unitsAnswered, answeredBySecondary } = result.coverage;
  return (
    <footer className={styles.footer} aria-label="About the answer">
      <span>
        {rangeText(Date.parse(result.from), Date.parse(result.to), zone)} {zoneName(zone, Date.parse(result.from))}
      </span>
      <span>step {span(seconds(result.step) * 1000)}</span>
      <span>{count(answers.lines?.times.length ?? 0, 'point')}</span>
      <span>
        {unitsAnswered} of {count(unitsAsked, 'unit')} answered
      </span>
      {answeredBySecondary.length > 0 && <span>secondary for {answeredBySecondary.join(', ')}</span>}
      <span title={exact(scanned)}>{si(scanned)} rows scanned</span>
      <span>{si(read, 'B')} read</span>
      {stats.map((text) => (
        <span key={text}>{text}</span>
      ))}
      <span>{exact(slowest)} ms</span>
      {answers.refreshMs > 0 && <span>again every {span(answers.refreshMs)}</span>}
      <Running answers={answers} />
    </footer>
  );
}

/** Says what the units do while a query runs longer than a blink. */
function Running({ answers }: { answers: Answers }) {
  const place = Math.max(0, ...answers.shown.map((r) => r.progress?.place ?? 0));
  if (place > 0) return <span role="status">queued: place {place}; other queries come first</span>;
  const units = answers.shown.flatMap((r) => r.progress?.units ?? []);
  if (units.length === 0) return null;
  const done = units.filter((u) => u.state === 'done').length;
  const rows = units.reduce((sum, u) => sum + Number(u.rowsScanned), 0);
  return (
    <span role="status">
      running: {done} of {units.length} units done, {si(rows)} rows
    </span>
  );
}

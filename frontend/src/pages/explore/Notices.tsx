import { Notice } from '../../components/Notice';
import { usePreferences } from '../../preferences';
import { allMissing, describeMissing, headline } from './coverage';
import type { Answers } from './useAnswers';

const gapsShown = 5;

/** The yellow bar: which units did not answer, and for which time. */
export function CoverageNotice({ answers }: { answers: Answers }) {
  const { zone } = usePreferences();
  const current = answers.shown.flatMap((r) => (r.data && !r.old ? [r.data] : []));
  const coverages = current.map((d) => d.result.coverage);
  const title = headline(coverages, current.some((d) => d.stopped));
  if (!title) return null;
  const missing = allMissing(coverages);
  const rest = missing.length > gapsShown ? `; and ${missing.length - gapsShown} more` : '';
  return (
    <Notice>
      <strong>{title}</strong> {missing.length > 0 && `Missing ${describeMissing(missing.slice(0, gapsShown), zone)}${rest}.`}
    </Notice>
  );
}

/** Why an answer is still shown that is not the one asked for. */
export function OldNotice({ answers }: { answers: Answers }) {
  if (!answers.running && !answers.series.error && answers.series.old) {
    return <Notice>Canceled. What is shown answers the question before.</Notice>;
  }
  const wrong = [answers.series, answers.top].find((r) => r.error && r.data);
  if (!wrong || answers.running) return null;
  return <Notice>{wrong.error?.message}. What is shown is the answer before.</Notice>;
}

import { Empty } from '../../components/Empty';
import type { Coverage } from './coverage';

/** Nothing matched; whether nothing is there is another question. */
export function NoFlows({ coverage }: { coverage: Coverage }) {
  return (
    <Empty title="No flows match">
      {coverage.complete ? 'Widen the time range or the filter.' : 'Not every unit answered: there may be flows all the same.'}
    </Empty>
  );
}

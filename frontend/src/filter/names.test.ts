import { expect, test } from 'vitest';
import { namesOf } from './names';

test('an exporter is offered once by its address and once by its name', () => {
  const sources = [{ exporter: '192.0.2.1', name: 'core-1' }, { exporter: '192.0.2.1', name: 'core-1' }, { exporter: '192.0.2.2', name: '' }];
  const names = namesOf({ sources: { sources }, topology: { sourceGroups: [{ name: 'london' }] } });
  expect(names.exporters).toEqual([
    { label: '192.0.2.1', detail: 'core-1', type: 'constant' },
    { label: 'core-1', detail: '192.0.2.1', apply: '192.0.2.1', type: 'constant' },
    { label: '192.0.2.2', detail: undefined, type: 'constant' },
  ]);
  expect(names.sourceGroups).toEqual([{ label: 'london', apply: '"london"', type: 'constant' }]);
});

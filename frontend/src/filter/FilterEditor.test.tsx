import { CompletionContext } from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import FilterEditor from './FilterEditor';
import { complete } from './language';
import { noNames } from './names';

const show = (value: string, onChange: (text: string) => void) => (
  <FilterEditor value={value} onChange={onChange} onRun={vi.fn()} problems={[]} names={noNames} hint="" focusRef={{ current: null }} takeFocus />
);

test('what was typed stays when its value comes back late', async () => {
  const typed: string[] = [];
  const { rerender } = render(show('', (text) => typed.push(text)));
  await userEvent.keyboard('abc');
  expect(typed.at(-1)).toBe('abc');
  act(() => rerender(show('ab', vi.fn())));
  expect(screen.getByRole('textbox')).toHaveTextContent('abc');
});

test('what the page sets replaces what is there, again and again', () => {
  const { rerender } = render(show('a', vi.fn()));
  for (const value of ['b', 'a', 'b', 'a']) {
    act(() => rerender(show(value, vi.fn())));
    expect(screen.getByRole('textbox')).toHaveTextContent(value);
  }
});

test.each([
  ['exporter ', ['192.0.2.1', 'core-1']],
  ['proto tcp and router ip 192', ['192.0.2.1', 'core-1']],
  ['sourcegroup lo', ['london']],
])('after %j the deployment is offered', async (text, want) => {
  const names = { exporters: [{ label: '192.0.2.1' }, { label: 'core-1' }], sourceGroups: [{ label: 'london' }] };
  const offered = await complete(() => names)(new CompletionContext(EditorState.create({ doc: text }), text.length, true));
  expect(offered?.options.map((o) => o.label)).toEqual(want);
});

import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import FilterEditor from './FilterEditor';

const show = (value: string, onChange: (text: string) => void) => (
  <FilterEditor value={value} onChange={onChange} onRun={vi.fn()} problems={[]} hint="" focusRef={{ current: null }} takeFocus />
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

import { Menu } from '@mantine/core';
import { IconAccessPoint, IconCopy, IconFilterMinus, IconFilterPlus, IconFilterStar } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { createContext, use, useState, type MouseEvent, type ReactNode } from 'react';
import { copyText } from '../../components/copy';
import { narrow, termOf } from '../../filter/terms';
import { fieldOf, valueHint, valueText, type Value } from '../../format/values';
import { usePreferences } from '../../preferences';
import styles from './explore.module.css';

type Chosen = { term: string; text: string; field: string; x: number; y: number; from: HTMLElement };
type Open = (chosen: Chosen) => void;

const OpenMenu = createContext<Open>(() => undefined);

type Props = { filter: string; onFilter: (filter: string) => void; children: ReactNode };

/** One menu for all values of the page: include, exclude, only, copy. */
export function ValueMenu({ filter, onFilter, children }: Props) {
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const close = () => {
    chosen?.from.focus();
    setChosen(null);
  };
  return (
    <OpenMenu value={setChosen}>
      {children}
      {chosen && (
        <Menu opened onClose={close} position="bottom-start" width={260} offset={4} hideDetached={false}>
          <Menu.Target>
            <span className={styles.menuAnchor} style={{ left: chosen.x, top: chosen.y }} />
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label className="mono">{chosen.term}</Menu.Label>
            <Menu.Item leftSection={<IconFilterPlus size={15} />} onClick={() => onFilter(narrow(filter, chosen.term, 'include'))}>
              Include in the filter
            </Menu.Item>
            <Menu.Item leftSection={<IconFilterMinus size={15} />} onClick={() => onFilter(narrow(filter, chosen.term, 'exclude'))}>
              Exclude from the filter
            </Menu.Item>
            <Menu.Item leftSection={<IconFilterStar size={15} />} onClick={() => onFilter(chosen.term)}>
              Only this
            </Menu.Item>
            <Menu.Divider />
            {chosen.field === 'exporter' && (
              <Menu.Item
                leftSection={<IconAccessPoint size={15} />}
                renderRoot={(props) => <Link to="/sources" search={{ source: chosen.text }} {...props} />}
              >
                Health and ledger of this source
              </Menu.Item>
            )}
            <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => void copyText(chosen.text)}>
              Copy {chosen.text}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </OpenMenu>
  );
}

/** A value that narrows the filter when clicked. */
export function ValueCell({ column, value }: { column: string; value: Value }) {
  const open = use(OpenMenu);
  const { zone } = usePreferences();
  const text = valueText(column, value, zone);
  const term = termOf(column, value);
  if (!term) return <span>{text}</span>;
  const click = (event: MouseEvent<HTMLButtonElement>) => {
    const from = event.currentTarget;
    const box = from.getBoundingClientRect();
    open({ term, text: String(value), field: fieldOf(column), x: box.left, y: box.bottom, from });
  };
  const hint = valueHint(column, value);
  return (
    <button type="button" className={styles.value} aria-haspopup="menu" onClick={click}>
      {text}
      {hint && ' '}
      {hint && <span className={styles.hint}>{hint}</span>}
    </button>
  );
}

import type { ReactNode, RefObject } from 'react';
import { count, exact } from '../format/numbers';
import styles from './ListBar.module.css';
import { SearchInput } from './SearchInput';

type Props = {
  /** What is listed, as the label of the bar: Units. */
  label: string;
  /** One of it: unit. */
  noun: string;
  placeholder: string;
  text: string;
  onText: (text: string) => void;
  shown: number;
  all: number;
  search: RefObject<HTMLInputElement | null>;
  /** Further ways to narrow the list. */
  children: ReactNode;
};

/** Above a list: what it is narrowed by, and how much of it is shown. */
export function ListBar({ label, noun, placeholder, text, onText, shown, all, search, children }: Props) {
  return (
    <div className={styles.bar} role="search" aria-label={label}>
      <SearchInput ref={search} label={`Search ${label.toLowerCase()}`} placeholder={placeholder} value={text} onChange={onText} />
      {children}
      <span className="grow" />
      <span role="status" className="dim">
        {shown === all ? count(all, noun) : `${exact(shown)} of ${count(all, noun)}`}
      </span>
    </div>
  );
}

import styles from './Bar.module.css';

/** A share of a whole, from 0 to 1, as a bar as wide as its place. What it means stands beside it. */
export const Bar = ({ share }: { share: number }) => (
  <span className={styles.bar} aria-hidden>
    <span style={{ width: `${Math.min(100, share * 100)}%` }} />
  </span>
);

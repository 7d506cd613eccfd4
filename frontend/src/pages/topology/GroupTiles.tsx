import { UnstyledButton } from '@mantine/core';
import { toneOf } from '../../components/StateBadge';
import { count, si } from '../../format/numbers';
import styles from './GroupTiles.module.css';
import { tilesOf, type Tile } from './narrow';
import type { Section } from './sections';

type Props = { sections: readonly Section[]; narrowTo: (title: string) => void };

/** A deployment too large for a map: a tile per source group, the worst first. */
export function GroupTiles({ sections, narrowTo }: Props) {
  return (
    <ul className={styles.tiles} tabIndex={0} aria-label="Source groups and their units">
      {tilesOf(sections).map((t) => (
        <li key={t.key}>
          <TileButton tile={t} choose={() => narrowTo(t.title)} />
        </li>
      ))}
    </ul>
  );
}

function TileButton({ tile: t, choose }: { tile: Tile; choose: () => void }) {
  const state = t.troubles || `${count(t.section.places.length, 'unit')} active`;
  return (
    <UnstyledButton className={styles.tile} data-tone={t.tone} onClick={choose} aria-label={`${t.title}: ${state}`} title={`Show ${t.title} alone`}>
      <span className={styles.pair}>
        <strong>{t.title}</strong>
        <span className={styles.rate}>{t.section.kind === 'source' ? `${si(t.recordsPerSecond)} rec/s` : ''}</span>
      </span>
      <span className={styles.pair}>
        <span className={styles.line}>{state}</span>
        <Squares tile={t} />
      </span>
    </UnstyledButton>
  );
}

/** A square per unit; the words beside it say the same. */
const Squares = ({ tile }: { tile: Tile }) => (
  <span className={styles.squares} aria-hidden>
    {tile.section.places.map(({ unit }) => (
      <i key={unit.id} data-tone={toneOf(unit.status.state)} title={`${unit.name}: ${unit.status.state}`} />
    ))}
  </span>
);

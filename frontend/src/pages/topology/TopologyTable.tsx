import { UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconDatabase, IconDeviceDesktopAnalytics, IconPlayerPause } from '@tabler/icons-react';
import { Fragment } from 'react';
import { Heads, type Head } from '../../components/Heads';
import { StateBadge } from '../../components/StateBadge';
import { exact, si, volume } from '../../format/numbers';
import { ago, clock, dateTime } from '../../format/times';
import type { Zone } from '../../format/zones';
import { usePreferences } from '../../preferences';
import { describeSource, reasonsOf, type Choices, type Place, type Section } from './sections';
import styles from './topology.module.css';
import type { Unit } from './useTopology';

type Props = Choices & { sections: readonly Section[]; revision: string; now: number };

const columns: readonly Head[] = [
  ['Unit'], ['Role'], ['State'], ['Proxy group'], ['Records in', 'num'], ['Kept', 'num'], ['Dropped', 'num'], ['Revision', 'num'],
  ['Stored flows', 'num'], ['Size', 'num'], ['From – to'], ['Memory', 'num'], ['Last heard', 'num'],
];

/** All units with their numbers: the map as text. */
export function TopologyTable({ sections, revision, now, ...choices }: Props) {
  const { chosen, chooseUnit } = choices;
  const { zone } = usePreferences();
  return (
    <div className={`scroll ${styles.tableBox}`} tabIndex={0} role="region" aria-label="Units">
      <table className="table">
        <Heads of={columns} />
        <tbody>
          {sections.map((section) => (
            <Fragment key={section.key}>
              <tr className={styles.sectionRow}>
                <th scope="colgroup" colSpan={columns.length}>
                  <SectionTitle section={section} {...choices} />
                </th>
              </tr>
              {section.places.map((place) => (
                <UnitRow key={place.unit.id} {...{ place, revision, now, zone }} choose={chooseUnit} chosen={place.unit.id === chosen} />
              ))}
              {section.places.length === 0 && (
                <tr>
                  <td colSpan={columns.length} className="dim">
                    No units
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SectionTitle({ section, chosen, chooseGroup }: Choices & { section: Section }) {
  if (section.kind === 'masters') {
    return (
      <span className={styles.sectionTitle}>
        <IconDeviceDesktopAnalytics size={14} aria-hidden /> Masters
      </span>
    );
  }
  if (section.kind === 'idle') {
    return (
      <span className={styles.sectionTitle}>
        <IconPlayerPause size={14} aria-hidden /> In no source group
      </span>
    );
  }
  const { source } = section;
  return (
    <span className={styles.sectionTitle}>
      <IconDatabase size={14} aria-hidden />
      <UnstyledButton className={styles.unitName} aria-label={`Source group ${source.name}`} onClick={() => chooseGroup(source.id)} aria-pressed={source.id === chosen}>
        {source.name}
      </UnstyledButton>
      <span className={styles.sectionDetail}>
        {describeSource(source)}
        {source.description && ` – ${source.description}`}
      </span>
    </span>
  );
}

type RowProps = { place: Place; revision: string; now: number; zone: Zone; chosen: boolean; choose: (id: string) => void };

function UnitRow({ place, revision, now, zone, chosen, choose }: RowProps) {
  const { unit, group, weight } = place;
  const { status } = unit;
  const reasons = reasonsOf(unit);
  return (
    <>
      <tr className={chosen ? styles.chosen : undefined} data-unit={unit.name}>
        <td>
          <UnstyledButton className={styles.unitName} onClick={() => choose(unit.id)} aria-pressed={chosen}>
            {unit.name}
          </UnstyledButton>
        </td>
        <td>{unit.role}</td>
        <td>
          <StateBadge state={status.state} />
        </td>
        <td>
          {group ? group.name : <span className="dim">–</span>}
          {weight !== undefined ? <span className="dim"> · weight {weight}</span> : group && <span className="dim"> · priority {group.priority}</span>}
        </td>
        <Numbers unit={unit} />
        <td className="num">
          <Revision applied={status.applied} lag={status.lag} revision={revision} />
        </td>
        <Stored unit={unit} zone={zone} />
        <td className="num">{status.memoryBytes === '0' ? '–' : volume('bytes', Number(status.memoryBytes))}</td>
        <td className="num">{status.lastSeen ? ago(Date.parse(status.lastSeen), now) : 'never'}</td>
      </tr>
      {reasons.length > 0 && (
        <tr className={styles.reasonRow}>
          <td colSpan={columns.length}>
            <span className={styles.reason}>
              <IconAlertTriangle size={13} aria-hidden /> {reasons.join('; ')}
            </span>
          </td>
        </tr>
      )}
    </>
  );
}

function Numbers({ unit }: { unit: Unit }) {
  const { rates } = unit.status;
  if (unit.role === 'master') return <td colSpan={3} className={`num ${styles.none}`} aria-label="carries no flows" />;
  return (
    <>
      <td className="num">{si(rates.recordsPerSecond)}/s</td>
      <td className="num">{si(rates.keptPerSecond)}/s</td>
      <td className="num" data-alarm={rates.droppedPerSecond > 0 ? true : undefined}>
        {si(rates.droppedPerSecond)}/s
      </td>
    </>
  );
}

/** The revision a unit has applied, and how far it is behind. */
export function Revision({ applied, lag, revision }: { applied: string; lag: string; revision: string }) {
  if (lag === '0') return <>{applied}</>;
  return (
    <span className={styles.behind}>
      {applied} of {revision}, {exact(lag)} behind
    </span>
  );
}

function Stored({ unit, zone }: { unit: Unit; zone: Zone }) {
  const { storeRows, storeBytes, oldest, newest } = unit.status;
  if (unit.role === 'master' || unit.role === 'proxy') {
    return <td colSpan={3} className={styles.none} aria-label="stores no flows" />;
  }
  return (
    <>
      <td className="num" title={exact(storeRows)}>
        {si(Number(storeRows))}
      </td>
      <td className="num">{volume('bytes', Number(storeBytes))}</td>
      <td>{oldest && newest ? stretch(Date.parse(oldest), Date.parse(newest), zone) : <span className="dim">–</span>}</td>
    </>
  );
}

function stretch(from: number, to: number, zone: Zone): string {
  return dateTime(from, zone).slice(0, 10) === dateTime(to, zone).slice(0, 10)
    ? `${clock(from, zone)} – ${clock(to, zone)}`
    : `${dateTime(from, zone).slice(5, 16)} – ${dateTime(to, zone).slice(5, 16)}`;
}

import { CloseButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Facts } from '../../../components/Facts';
import { modelNames, type SourceGroup } from '../sections';
import topologyStyles from '../topology.module.css';
import type { Topology } from '../useTopology';
import { Forwarding } from './Forwarding';
import styles from './group.module.css';
import { Retention } from './Retention';
import { TwinCopy } from './TwinCopy';

type Props = { group: SourceGroup; topology: Topology; close: () => void };

const deliveries: Record<SourceGroup['delivery'], string> = {
  udp: 'UDP with the exporter’s address',
  tls: 'mutual TLS',
};

const identities: Record<SourceGroup['identity'], string> = {
  session: 'address; templates by port, sampling by domain',
  address: 'address alone',
  address_port: 'address and port',
  address_domain: 'address and observation domain',
};

/** One source group in full: how it works, what its Slaves keep, who else gets its packets. */
export function SourceGroupPanel({ group, topology, close }: Props) {
  const proxyGroups = topology.proxyGroups.filter((g) => g.sourceGroup?.id === group.id).sort((a, b) => a.priority - b.priority);
  return (
    <aside className={`panel ${topologyStyles.unitPanel}`} aria-label={`Source group ${group.name}`}>
      <div className="panelTitle">
        {group.name} <span className={styles.note}>source group</span>
        <span className="grow" />
        <CloseButton size="sm" aria-label="Close the source group" onClick={close} />
      </div>
      <div className={styles.body}>
        <Facts
          rows={[
            ...(group.description === '' ? [] : [['Description', group.description] as const]),
            ['Distribution', modelNames[group.model]],
            ['Delivery', deliveries[group.delivery]],
            ['Listens on', `UDP ${group.listen.join(', ')}`],
            ['Exporters by', identities[group.identity]],
            ...(group.relayed.length === 0 ? [] : [['Relayed on', `UDP ${group.relayed.join(', ')}: records may name their exporter`] as const]),
            ['Proxy groups', proxyGroups.map((g) => `${g.name} (priority ${g.priority})`).join(', ') || 'none'],
          ]}
        />
        <p className={`${topologyStyles.links} ${styles.links}`}>
          <Link to="/sources" search={{ group: group.name }}>
            Its exporters
          </Link>
          <Link to="/actions" search={{ q: `source group ${group.name}` }}>
            Changes
          </Link>
        </p>
        <Section title="Retention" note="of each Slave; the oldest flows go first">
          <Retention group={group} topology={topology} />
        </Section>
        <Section title="Forwarding" note="copies of export packets to other collectors">
          <Forwarding group={group} proxyGroups={proxyGroups} />
        </Section>
        <Section title="Twin copy" note="for exporters that can send to one Proxy only">
          <TwinCopy group={group} proxyGroups={proxyGroups} />
        </Section>
      </div>
    </aside>
  );
}

function Section({ title, note, children }: { title: string; note: string; children: ReactNode }) {
  return (
    <section aria-label={title} className={styles.section}>
      <h3>
        {title} <span className={styles.note}>{note}</span>
      </h3>
      {children}
    </section>
  );
}

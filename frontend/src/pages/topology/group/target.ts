/** Forwarding targets as they are typed and as the API takes them. */
import type { Mistakes } from '../../../components/mistakes';
import type { ForwardTargetInput } from '../../../graphql/generated/graphql';
import type { SourceGroup } from '../sections';

export type Target = SourceGroup['forward'][number];
export type Version = Target['versions'][number];

/** What a source group may have at most. */
export const maxTargets = 8;

/** Lists are typed with commas between. */
export type Draft = {
  name: string;
  address: string;
  source: Target['source'];
  exporters: string;
  ports: string;
  domains: string;
  versions: Version[];
  /** Who forwards: all proxy groups, the first that is up, or one by its ID. */
  sentBy: string;
};

export type Field = keyof Draft;

export const emptyDraft: Draft = { name: '', address: '', source: 'exporter', exporters: '', ports: '', domains: '', versions: [], sentBy: 'all' };

export const draftOf = (t: Target): Draft => ({
  name: t.name,
  address: t.address,
  source: t.source,
  exporters: t.exporters.join(', '),
  ports: t.ports.join(', '),
  domains: t.domains.join(', '),
  versions: [...t.versions],
  sentBy: t.proxyGroup ?? t.forwardedBy,
});

const list = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Lists of addresses and networks, as the twin copy has one as well. */
export const addresses = list;

const isNumber = (max: number) => (word: string) => /^\d+$/.test(word) && Number(word) <= max;

/** What can be told without asking; empty if the API may be asked. */
export function mistakesIn(draft: Draft, others: readonly Target[]): Mistakes<Field> {
  const found: Mistakes<Field> = {};
  if (draft.name.trim() === '') found.name = 'What to call it, such as siem';
  else if (others.some((t) => t.name === draft.name.trim())) found.name = 'Another target has this name';
  if (!/^\S+:\d+$/.test(draft.address.trim())) found.address = 'An address and a port, such as 192.0.2.9:2055 or [2001:db8::9]:2055';
  if (!list(draft.ports).every(isNumber(65_535))) found.ports = 'Port numbers with commas between, or nothing';
  if (!list(draft.domains).every(isNumber(2 ** 32 - 1))) found.domains = 'Numbers with commas between, or nothing';
  return found;
}

export const inputOf = (draft: Draft): ForwardTargetInput => ({
  name: draft.name.trim(),
  address: draft.address.trim(),
  source: draft.source,
  exporters: list(draft.exporters),
  ports: list(draft.ports).map(Number),
  domains: list(draft.domains),
  versions: draft.versions,
  ...sentByInput(draft.sentBy),
});

const sentByInput = (sentBy: string): Pick<ForwardTargetInput, 'forwardedBy' | 'proxyGroup'> =>
  sentBy === 'all' || sentBy === 'first' ? { forwardedBy: sentBy, proxyGroup: null } : { forwardedBy: 'all', proxyGroup: sentBy };

const fields: Readonly<Record<string, Field>> = {
  name: 'name', address: 'address', source: 'source', exporters: 'exporters', ports: 'ports', domains: 'domains', versions: 'versions',
  proxyGroup: 'sentBy', forwardedBy: 'sentBy',
};

/** The field of the target at a place of the list that a pointer into the input means. */
export const fieldOf =
  (index: number) =>
  (pointer: string): Field | undefined => {
    const [, root, at, field] = pointer.split('/');
    return root === 'forward' && at === String(index) ? fields[field ?? ''] : undefined;
  };

/** Which packets a target gets, in words. */
export function filterOf({ exporters, ports, domains, versions }: Target, versionName: (version: string) => string): string {
  const parts = [
    exporters.length > 0 && `from ${exporters.join(', ')}`,
    ports.length > 0 && `on UDP ${ports.join(', ')}`,
    domains.length > 0 && `domain ${domains.join(', ')}`,
    versions.length > 0 && versions.map(versionName).join(', '),
  ].filter(Boolean);
  return parts.length === 0 ? 'every packet' : parts.join('; ');
}

type Named = readonly { id: string; name: string }[];

/** Who forwards, in words; `forwarder` is the proxy group that does for targets of the first that is up. */
export function senderOf({ proxyGroup, forwardedBy }: Target, groups: Named, forwarder: string | null | undefined): string {
  const nameOf = (id: string) => groups.find((g) => g.id === id)?.name ?? 'a proxy group that is gone';
  if (proxyGroup) return `by ${nameOf(proxyGroup)}`;
  if (forwardedBy === 'all') return 'by every proxy group';
  return `by the first proxy group that is up${forwarder ? `, now ${nameOf(forwarder)}` : ''}`;
}

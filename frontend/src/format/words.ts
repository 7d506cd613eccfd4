/** What the API's words mean to an operator. */

const protocols: Record<string, string> = {
  netflow1: 'NetFlow v1', netflow5: 'NetFlow v5', netflow7: 'NetFlow v7', netflow9: 'NetFlow v9', ipfix: 'IPFIX',
  sflow5: 'sFlow v5', sflow: 'sFlow v5',
};

export const protocolName = (protocol: string): string => protocols[protocol] ?? protocol;

type Origin = { short: string; long: string };

const origins: Record<string, Origin> = {
  header: { short: 'header', long: 'packet header' },
  options: { short: 'options', long: 'option template' },
  record: { short: 'record', long: 'flow record' },
  sample: { short: 'per sample', long: 'flow sample' },
  manual: { short: 'manual', long: 'set by hand' },
  unknown: { short: 'unknown', long: 'unknown: counters are not scaled' },
};

/** Where a sampling rate comes from; empty before the first record. */
export const originOf = (origin: string): Origin | undefined =>
  origin === '' ? undefined : (origins[origin] ?? { short: origin, long: origin });

export type Reason = {
  name: string;
  /** What it means and what helps. */
  help: string;
};

const reasons: Record<string, Reason> = {
  kernel_dropped: {
    name: 'kernel dropped',
    help: 'The receive buffer of the socket was full. Raise net.core.rmem_max on the unit, or share the exporters among more units.',
  },
  malformed: {
    name: 'malformed',
    help: 'The octets contradict their format. Look for a broken exporter, or for something else that sends to this port.',
  },
  unknown_version: {
    name: 'unknown version',
    help: 'Neither NetFlow v1, v5, v7, v9, IPFIX nor sFlow v5. Set the exporter to one of them.',
  },
  unknown_template: {
    name: 'unknown template',
    help: 'The template did not come in time. Let the exporter send its templates at least every minute.',
  },
  refused_template: {
    name: 'refused template',
    help: 'The template breaks a bound, for example of its number of fields or of templates per exporter.',
  },
  not_admitted: {
    name: 'not admitted',
    help: 'More exporters, or packets of unknown exporters, than the unit admits. Look for spoofed addresses.',
  },
  queue_full: {
    name: 'queue full',
    help: 'A queue inside the unit was full: it is overloaded. Add a Slave, or look at its disk and processor.',
  },
  no_slave: { name: 'no Slave', help: 'No Slave was up to take it. See Topology.' },
  send_failed: { name: 'send failed', help: 'The network between Proxy and Slave refused it.' },
  spool_full: { name: 'spool full', help: 'A Slave was away for longer than the spool of its Proxy lasts.' },
  too_large: { name: 'too large', help: 'The record does not fit the MTU between Proxy and Slave.' },
  store_failed: { name: 'store failed', help: 'The flow store could not keep it: the disk is full or read-only.' },
  duplicate: {
    name: 'duplicate',
    help: 'Its exporter sent the packet here as well as to the twin that copied it. Let it send to one proxy group only, or leave it out of the twin copy.',
  },
  shutting_down: { name: 'shutting down', help: 'The unit was stopping.' },
};

export const reasonOf = (reason: string): Reason => reasons[reason] ?? { name: reason.replaceAll('_', ' '), help: '' };

type HopName = { stage: string; kept: string };

const hops: Record<string, HopName> = {
  'receive packets': { stage: 'Received', kept: 'handed on' },
  'twin packets': { stage: 'Copies of the twin', kept: 'handed on' },
  'distribute packets': { stage: 'Parsed', kept: 'parsed' },
  'distribute records': { stage: 'Distributed', kept: 'sent to Slaves' },
  'store packets': { stage: 'Decoded', kept: 'decoded' },
  'store records': { stage: 'Stored', kept: 'stored' },
};

/** Samples of sFlow that hold no flows, and what stands in samples and is not read. */
const samples: Record<string, HopName> = {
  counter_samples: { stage: 'Interface counters', kept: 'taken' },
  discard_notices: { stage: 'Discard notices', kept: 'counted' },
  unknown_samples: { stage: 'Unknown samples', kept: 'counted' },
  unread_records: { stage: 'Records not read', kept: 'passed over' },
};

/** What happens at a hop, and what is said of what it kept. */
export const hopOf = (hop: string, kind: string): HopName => hops[`${hop} ${kind}`] ?? samples[kind] ?? { stage: hop, kept: 'kept' };

/** What an account counts. */
export const kindOf = (kind: string): string => (kind === 'unread_records' ? 'records within sFlow samples' : kind in samples ? 'sFlow samples' : kind);

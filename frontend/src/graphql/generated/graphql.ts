/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What a caller may do. Each role includes the ones before it. */
export type AccessRole =
  /** Creates tokens as well. */
  | 'admin'
  /** Changes the topology as well. */
  | 'operator'
  /** Sees the topology and asks queries. */
  | 'viewer';

/** How far an action, or one unit of it, has come. */
export type ActionState =
  | 'done'
  /** The unit answered with an error; retried at the next audit. */
  | 'failed'
  /** Not confirmed yet; retried until it is. */
  | 'pending';

/** Names what to delete. */
export type DeleteInput = {
  /** Refuses the change if the object has changed since this revision. */
  basedOn: string;
  dryRun?: boolean;
  id: string | number;
  operationId?: string | null | undefined;
};

/** How export packets travel from a Proxy to its Slaves. */
export type Delivery =
  /** Framed over mutual TLS, to TCP listening port + 30000. */
  | 'tls'
  /** With the exporter's source address, to UDP listening port + 30000. */
  | 'udp';

/** How a Proxy distributes flows to its Slaves. */
export type DistributionModel =
  /** Each exporter goes to one Slave, packets unchanged. */
  | 'flow_source'
  /** Flow records go by their pair of addresses, both directions to one Slave. */
  | 'host_pair'
  /** Flow records are dealt out in turn. */
  | 'round_robin';

/** A protocol of export packets. */
export type ExportVersion =
  | 'ipfix'
  | 'netflow1'
  | 'netflow5'
  | 'netflow7'
  | 'netflow9'
  | 'sflow';

/** What makes two senders two exporters. */
export type ExporterIdentity =
  /** An address is an exporter; templates hold for all its ports, sampling rates for all its domains. */
  | 'address'
  /** Each observation domain of an address is an exporter, as of line cards. In REST: address+domain. */
  | 'address_domain'
  /** Each port of an address is an exporter, as behind an address translator. In REST: address+port. */
  | 'address_port'
  /** An address is an exporter; templates hold for the port that announced them, sampling rates for their domain. */
  | 'session';

/** See ForwardTarget. */
export type ForwardTargetInput = {
  address: string;
  domains?: Array<string>;
  exporters?: Array<string>;
  forwardedBy?: ForwardedBy;
  name: string;
  ports?: Array<number>;
  proxyGroup?: string | number | null | undefined;
  source?: SourceAddress;
  versions?: Array<ExportVersion>;
};

/** Which proxy groups of a source group forward to a target. */
export type ForwardedBy =
  /** Every one. Several that get the same packets send each of them several times. */
  | 'all'
  /**
   * The one of the highest priority that is up. When its Proxy goes down the next one
   * takes over within 5 s, in which packets are missing at the target; half a minute
   * after a preferred one is back it forwards again, and packets of a moment may come
   * twice or not at all. While the Master is away, or hears nothing of a Proxy that
   * still works, nobody stops: then packets come twice. Not with proxyGroup.
   */
  | 'first';

/**
 * A question about flows. The same JSON is the body of POST /api/v1/queries. An
 * absent field asks for its default.
 */
export type QueryInput = {
  /** Flow sources, by name or address, as router-1 or 192.0.2.1@london. Default all. */
  channels?: Array<string> | null | undefined;
  /**
   * Flows: next of the page before. The page has its time range; the rest of the
   * question must be as it was.
   */
  cursor?: string | null | undefined;
  /** For example: proto tcp and dst port 443. Empty matches everything. */
  filter?: string | null | undefined;
  /** RFC 3339, or relative as now-1h. Default now-1h. */
  from?: string | null | undefined;
  /**
   * Fields; addresses with a prefix length as srcAddr/24. addr, port, as and if
   * stand for both ends: each record counts once per distinct value, and total is
   * over records. channel and sourceGroup are names.
   */
  groupBy?: Array<string> | null | undefined;
  kind: QueryKind;
  /** Default 10, for flows 100. */
  limit?: number | null | undefined;
  /** bytes, packets, flows, uniq(field), p95(field). Default the three sums. */
  metrics?: Array<string> | null | undefined;
  /** Top: rows to leave out before the first, for further pages. At most 10000. */
  offset?: number | null | undefined;
  /** One of the metrics, the greatest first; for flows a field, default time. A minus sign before it turns the order round. */
  orderBy?: string | null | undefined;
  /** Default live. */
  profile?: string | null | undefined;
  /**
   * Series: spreads each record over its duration, from its start to its end,
   * instead of counting it when it was exported. A record is one flow of the step
   * in which it ends. For bytes, packets, flows, bps, pps and bpp.
   */
  prorated?: boolean | null | undefined;
  /** Multiplies counters by the sampling rate. Default true. */
  scaled?: boolean | null | undefined;
  /** Names. Default all. */
  sourceGroups?: Array<string> | null | undefined;
  /**
   * Series: 1s and up. Default about 100 steps. Beyond 92 days, what sums of 30 s
   * answered has multiples of 5m; the result says its step.
   */
  step?: string | null | undefined;
  /** Exclusive. Default now. */
  to?: string | null | undefined;
};

/** The shape of the answer. */
export type QueryKind =
  /** The flow records themselves. */
  | 'flows'
  /** Sums per time step, optionally per group. */
  | 'series'
  /** Groups, ordered, the first of them. */
  | 'top'
  /** One row of sums. */
  | 'total';

/** The state of a query. Queued and running lead to each of the others. */
export type QueryState =
  /** Ended by cancelQuery; there is no result. */
  | 'canceled'
  | 'done'
  | 'failed'
  /** Waits for its turn, see queryLimits. */
  | 'queued'
  | 'running'
  /** Ended by stopQuery; what was there is the result. */
  | 'stopped';

/**
 * How much each Slave keeps; what is absent is left to each Slave. A quota is
 * refused that is below what a Slave may not remove (64 MiB at least), or above
 * what it has used and free.
 */
export type RetentionInput = {
  /** 300 (five minutes) to fifty years. */
  maxAgeSeconds?: number | null | undefined;
  quotaBytes?: string | null | undefined;
};

/** Whose address a forwarded packet comes from. */
export type SourceAddress =
  /** The exporter's, which needs CAP_NET_ADMIN or CAP_NET_RAW, and a collector of the exporter's address family. */
  | 'exporter'
  /** That of the unit that forwards; each exporter has a port there. */
  | 'own';

/** What a unit is for. */
export type UnitRole =
  /** The console; stores no flows. */
  | 'master'
  /** Receives the flows of one place and deals them out to its Slaves. */
  | 'proxy'
  /** Stores flows; talks to its Proxy only. */
  | 'slave'
  /** A Slave that is its own Proxy. */
  | 'standalone';

/** How the Master sees a unit. */
export type UnitState =
  | 'active'
  /** Linked, but a readiness check fails. */
  | 'degraded'
  /** Created, has no certificate yet. */
  | 'expected'
  /** Linked, has not applied the present revision. */
  | 'joining'
  /** Silent. */
  | 'lost';

export type UpdateSourceGroupInput = {
  /** Refuses the change if the source group has changed since this revision. */
  basedOn: string;
  delivery?: Delivery | null | undefined;
  description?: string | null | undefined;
  dryRun?: boolean;
  /** Replaces all targets. */
  forward?: Array<ForwardTargetInput> | null | undefined;
  id: string | number;
  identity?: ExporterIdentity | null | undefined;
  listen?: Array<number> | null | undefined;
  model?: DistributionModel | null | undefined;
  name?: string | null | undefined;
  operationId?: string | null | undefined;
  relayed?: Array<number> | null | undefined;
  /** Replaces both settings; null leaves both to each Slave. */
  retention?: RetentionInput | null | undefined;
  twinCopy?: boolean | null | undefined;
  twinExporters?: Array<string> | null | undefined;
};

export type UpdateSourceInput = {
  /** Refuses the change if the settings have changed since this revision; 0 takes any. */
  basedOn?: string;
  /** Checks the change and commits nothing. */
  dryRun?: boolean;
  /** exporter@source-group, the group by ID or name: 192.0.2.1@london. */
  id: string | number;
  /** 1 to 63 letters, digits, '.', '_' or '-', unique in the source group; empty or null takes the name away. */
  name?: string | null | undefined;
  /** The same ID commits once, however often the request is repeated. */
  operationId?: string | null | undefined;
  /** 1 in how many packets it sees, from 1 to 1,000,000,000; null: what the exporter says holds. */
  samplingRate?: number | null | undefined;
};

export type RunningQueriesQueryVariables = Exact<{
  limit: number;
}>;


export type RunningQueriesQuery = { queries: Array<{ id: string, state: QueryState }> };

export type FilterValidateQueryVariables = Exact<{
  text: string;
}>;


export type FilterValidateQuery = { filterValidate: Array<{ offset: number, length: number, message: string, expected: Array<string> }> };

export type FlowFieldsQueryVariables = Exact<{ [key: string]: never; }>;


export type FlowFieldsQuery = { fields: Array<{ name: string, groupable: boolean }> };

export type FilterNamesQueryVariables = Exact<{
  limit: number;
}>;


export type FilterNamesQuery = { sources: { sources: Array<{ exporter: string, name: string }> }, topology: { sourceGroups: Array<{ name: string }> } };

export type ActionsQueryVariables = Exact<{
  limit: number;
}>;


export type ActionsQuery = { actions: Array<{ id: string, revision: string, time: string, actor: string, summary: string, state: ActionState, units: Array<{ unit: string, name: string, state: ActionState, message: string }> }> };

export type ProgressPartsFragment = { unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number };

export type StatsPartsFragment = { rowsScanned: string, rowsMatched: string, bytesRead: string, segments: number, cachedSegments: number, seriesPoints: string, wireBytes: string, spilledBytes: string, elapsedMs: string };

export type JobPartsFragment = { id: string, state: QueryState, place: number, error: string, progress: Array<{ unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number }> };

export type ResultPartsFragment = { kind: QueryKind, from: string, to: string, step: string, rows: Array<readonly (string | number | boolean | null)[]>, total: readonly (string | number | boolean | null)[] | null, other: readonly (string | number | boolean | null)[] | null, others: Array<readonly (string | number | boolean | null)[]>, next: string, groups: string, method: string, merge: string, columns: Array<{ name: string, kind: string }>, coverage: { complete: boolean, unitsAsked: number, unitsAnswered: number, answeredBySecondary: Array<string>, missing: Array<{ unit: string, from: string, to: string, reason: string }> }, stats: { rowsScanned: string, rowsMatched: string, bytesRead: string, segments: number, cachedSegments: number, seriesPoints: string, wireBytes: string, spilledBytes: string, elapsedMs: string } };

export type StartQueryMutationVariables = Exact<{
  input: QueryInput;
  wait: string;
}>;


export type StartQueryMutation = { startQuery: { id: string, state: QueryState, place: number, error: string, result: { kind: QueryKind, from: string, to: string, step: string, rows: Array<readonly (string | number | boolean | null)[]>, total: readonly (string | number | boolean | null)[] | null, other: readonly (string | number | boolean | null)[] | null, others: Array<readonly (string | number | boolean | null)[]>, next: string, groups: string, method: string, merge: string, columns: Array<{ name: string, kind: string }>, coverage: { complete: boolean, unitsAsked: number, unitsAnswered: number, answeredBySecondary: Array<string>, missing: Array<{ unit: string, from: string, to: string, reason: string }> }, stats: { rowsScanned: string, rowsMatched: string, bytesRead: string, segments: number, cachedSegments: number, seriesPoints: string, wireBytes: string, spilledBytes: string, elapsedMs: string } } | null, progress: Array<{ unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number }> } };

export type QueryJobQueryVariables = Exact<{
  id: string | number;
}>;


export type QueryJobQuery = { query: { id: string, state: QueryState, place: number, error: string, result: { kind: QueryKind, from: string, to: string, step: string, rows: Array<readonly (string | number | boolean | null)[]>, total: readonly (string | number | boolean | null)[] | null, other: readonly (string | number | boolean | null)[] | null, others: Array<readonly (string | number | boolean | null)[]>, next: string, groups: string, method: string, merge: string, columns: Array<{ name: string, kind: string }>, coverage: { complete: boolean, unitsAsked: number, unitsAnswered: number, answeredBySecondary: Array<string>, missing: Array<{ unit: string, from: string, to: string, reason: string }> }, stats: { rowsScanned: string, rowsMatched: string, bytesRead: string, segments: number, cachedSegments: number, seriesPoints: string, wireBytes: string, spilledBytes: string, elapsedMs: string } } | null, progress: Array<{ unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number }> } | null };

export type QueryStateQueryVariables = Exact<{
  id: string | number;
}>;


export type QueryStateQuery = { query: { id: string, state: QueryState, place: number, error: string, progress: Array<{ unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number }> } | null };

export type QueryProgressSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type QueryProgressSubscription = { queryProgress: { id: string, state: QueryState, place: number, error: string, progress: Array<{ unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number }> } };

export type StopQueryMutationVariables = Exact<{
  id: string | number;
}>;


export type StopQueryMutation = { stopQuery: { id: string, state: QueryState } };

export type CancelQueryMutationVariables = Exact<{
  id: string | number;
}>;


export type CancelQueryMutation = { cancelQuery: { id: string, state: QueryState } };

export type QueriesQueryVariables = Exact<{
  limit: number;
}>;


export type QueriesQuery = { queryLimits: { running: number, waiting: number }, queries: Array<{ id: string, state: QueryState, place: number, actor: string, created: string, ended: string | null, error: string, request: { kind: QueryKind, from: string, to: string, filter: string, groupBy: Array<string>, metrics: Array<string>, limit: number }, progress: Array<{ unit: string, state: string, rowsScanned: string, segmentsDone: number, segments: number }>, result: { method: string, merge: string, groups: string, coverage: { complete: boolean, unitsAsked: number, unitsAnswered: number }, stats: { rowsScanned: string, rowsMatched: string, bytesRead: string, segments: number, cachedSegments: number, seriesPoints: string, wireBytes: string, spilledBytes: string, elapsedMs: string } } | null }> };

export type SourcePartsFragment = { id: string, flowSource: string | null, exporter: string, name: string, samplingRate: number | null, revision: string, isRemembered: boolean, port: number | null, ports: Array<number>, domain: string, sourceGroup: string | null, sourceGroupName: string, unit: string, unitName: string, protocols: Array<string>, firstSeen: string | null, lastSeen: string | null, packets: string, records: string, octets: string, packetsPerSecond: number, recordsPerSecond: number, lostPerSecond: number, droppedPerSecond: number, sampling: { rate: string, origin: string, rates: Array<string>, unscaled: string }, sequences: Array<{ protocol: string, unit: string, expected: string, received: string, lost: string, reordered: string, duplicates: string, resets: string }>, clock: { skewMs: string, isSkewed: boolean, skewedPackets: string }, templates: { count: number, isFlapping: boolean, changes: string }, drops: Array<{ unitName: string, hop: string, kind: string, reason: string, count: string }> };

export type SourcesQueryVariables = Exact<{
  sourceGroup?: string | null | undefined;
  exporter?: string | null | undefined;
  limit: number;
}>;


export type SourcesQuery = { sources: { total: number, missing: Array<{ unit: string, unitName: string, reason: string }>, sources: Array<{ id: string, flowSource: string | null, exporter: string, name: string, samplingRate: number | null, revision: string, isRemembered: boolean, port: number | null, ports: Array<number>, domain: string, sourceGroup: string | null, sourceGroupName: string, unit: string, unitName: string, protocols: Array<string>, firstSeen: string | null, lastSeen: string | null, packets: string, records: string, octets: string, packetsPerSecond: number, recordsPerSecond: number, lostPerSecond: number, droppedPerSecond: number, sampling: { rate: string, origin: string, rates: Array<string>, unscaled: string }, sequences: Array<{ protocol: string, unit: string, expected: string, received: string, lost: string, reordered: string, duplicates: string, resets: string }>, clock: { skewMs: string, isSkewed: boolean, skewedPackets: string }, templates: { count: number, isFlapping: boolean, changes: string }, drops: Array<{ unitName: string, hop: string, kind: string, reason: string, count: string }> }> } };

export type SourceDetailQueryVariables = Exact<{
  exporter: string;
  limit: number;
}>;


export type SourceDetailQuery = { sources: { sources: Array<{ id: string, templates: { known: Array<{ protocol: string, id: number, fields: number, isOptions: boolean }> }, interfaces: Array<{ index: string, type: string, speed: string, isUp: boolean, inOctets: string, outOctets: string, inPackets: string, outPackets: string, inDropped: string, outDropped: string, seen: string | null }> }> } };

export type SourceLedgerQueryVariables = Exact<{
  exporter: string;
  limit: number;
}>;


export type SourceLedgerQuery = { sourceLedgers: { missing: Array<{ unitName: string, reason: string }>, ledgers: Array<{ flowSource: string | null, exporter: string | null, sourceGroupName: string, isBalanced: boolean, underway: string | null, accounts: Array<{ unit: string, unitName: string, hop: string, kind: string, received: string, kept: string, split: string, missing: string, dropped: Array<{ reason: string, count: string }> }>, sent: Array<{ unit: string, slave: string, slaveName: string, records: string }> }> } };

export type UpdateSourceMutationVariables = Exact<{
  input: UpdateSourceInput;
}>;


export type UpdateSourceMutation = { updateSource: { revision: string, action: string | null, affected: Array<string>, settings: { name: string, samplingRate: number | null, revision: string } } };

export type DeleteSourceMutationVariables = Exact<{
  input: DeleteInput;
}>;


export type DeleteSourceMutation = { deleteSource: { revision: string, affected: Array<string> } };

export type LedgerQueryVariables = Exact<{ [key: string]: never; }>;


export type LedgerQuery = { ledger: Array<{ unit: string, name: string, error: string, entries: Array<{ hop: string, kind: string, exporter: string | null, domain: string, received: string, kept: string, split: string, missing: string, dropped: Array<{ reason: string, count: string }> }>, ports: Array<{ port: number, received: string, kept: string, missing: string, dropped: Array<{ reason: string, count: string }> }>, forwarded: Array<{ target: string, twin: string | null, received: string, kept: string, dropped: Array<{ reason: string, count: string }> }>, sent: Array<{ slave: string, name: string, packets: string, records: string, droppedPackets: Array<{ reason: string, count: string }>, droppedRecords: Array<{ reason: string, count: string }> }> }>, topology: { units: Array<{ id: string, status: { started: string | null } }> } };

export type CopyPartsFragment = { target: string, twin: string | null, received: string, kept: string, dropped: Array<{ reason: string, count: string }> };

export type LedgerPartsFragment = { unit: string, name: string, error: string, entries: Array<{ hop: string, kind: string, exporter: string | null, domain: string, received: string, kept: string, split: string, missing: string, dropped: Array<{ reason: string, count: string }> }>, ports: Array<{ port: number, received: string, kept: string, missing: string, dropped: Array<{ reason: string, count: string }> }>, forwarded: Array<{ target: string, twin: string | null, received: string, kept: string, dropped: Array<{ reason: string, count: string }> }>, sent: Array<{ slave: string, name: string, packets: string, records: string, droppedPackets: Array<{ reason: string, count: string }>, droppedRecords: Array<{ reason: string, count: string }> }> };

export type UpdateSourceGroupMutationVariables = Exact<{
  input: UpdateSourceGroupInput;
}>;


export type UpdateSourceGroupMutation = { updateSourceGroup: { revision: string, affected: Array<string>, sourceGroup: { revision: string } } };

export type ForwardedQueryVariables = Exact<{
  sourceGroup: string;
}>;


export type ForwardedQuery = { ledger: Array<{ unit: string, name: string, error: string, forwarded: Array<{ target: string, twin: string | null, received: string, kept: string, dropped: Array<{ reason: string, count: string }> }> }> };

export type TopologyPartsFragment = { cluster: string, revision: string, units: Array<{ id: string, name: string, role: UnitRole, control: string, query: string, joined: string | null, status: { state: UnitState, reason: string, lastSeen: string | null, started: string | null, version: string, applied: string, lag: string, memoryBytes: string, storeBytes: string, storeFreeBytes: string, storeMinimumBytes: string, storeQuotaBytes: string, storeMaxAgeSeconds: number, storeRows: string, oldest: string | null, newest: string | null, checks: Array<{ name: string, ok: boolean, reason: string }>, rates: { packetsPerSecond: number, recordsPerSecond: number, keptPerSecond: number, droppedPerSecond: number, packets: string, records: string, kept: string, dropped: string } } }>, proxyGroups: Array<{ id: string, name: string, priority: number, sourceGroup: { id: string } | null, proxy: { id: string }, slaves: Array<{ weight: number, unit: { id: string } }> }>, sourceGroups: Array<{ id: string, revision: string, name: string, description: string, model: DistributionModel, delivery: Delivery, listen: Array<number>, identity: ExporterIdentity, relayed: Array<number>, forwarder: string | null, twinCopy: boolean, twinExporters: Array<string>, retention: { maxAgeSeconds: number | null, quotaBytes: string | null }, forward: Array<{ name: string, address: string, source: SourceAddress, exporters: Array<string>, ports: Array<number>, domains: Array<string>, versions: Array<ExportVersion>, proxyGroup: string | null, forwardedBy: ForwardedBy }> }> };

export type TopologyQueryVariables = Exact<{ [key: string]: never; }>;


export type TopologyQuery = { topology: { cluster: string, revision: string, units: Array<{ id: string, name: string, role: UnitRole, control: string, query: string, joined: string | null, status: { state: UnitState, reason: string, lastSeen: string | null, started: string | null, version: string, applied: string, lag: string, memoryBytes: string, storeBytes: string, storeFreeBytes: string, storeMinimumBytes: string, storeQuotaBytes: string, storeMaxAgeSeconds: number, storeRows: string, oldest: string | null, newest: string | null, checks: Array<{ name: string, ok: boolean, reason: string }>, rates: { packetsPerSecond: number, recordsPerSecond: number, keptPerSecond: number, droppedPerSecond: number, packets: string, records: string, kept: string, dropped: string } } }>, proxyGroups: Array<{ id: string, name: string, priority: number, sourceGroup: { id: string } | null, proxy: { id: string }, slaves: Array<{ weight: number, unit: { id: string } }> }>, sourceGroups: Array<{ id: string, revision: string, name: string, description: string, model: DistributionModel, delivery: Delivery, listen: Array<number>, identity: ExporterIdentity, relayed: Array<number>, forwarder: string | null, twinCopy: boolean, twinExporters: Array<string>, retention: { maxAgeSeconds: number | null, quotaBytes: string | null }, forward: Array<{ name: string, address: string, source: SourceAddress, exporters: Array<string>, ports: Array<number>, domains: Array<string>, versions: Array<ExportVersion>, proxyGroup: string | null, forwardedBy: ForwardedBy }> }> } };

export type TopologyChangedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type TopologyChangedSubscription = { topologyChanged: { cluster: string, revision: string, units: Array<{ id: string, name: string, role: UnitRole, control: string, query: string, joined: string | null, status: { state: UnitState, reason: string, lastSeen: string | null, started: string | null, version: string, applied: string, lag: string, memoryBytes: string, storeBytes: string, storeFreeBytes: string, storeMinimumBytes: string, storeQuotaBytes: string, storeMaxAgeSeconds: number, storeRows: string, oldest: string | null, newest: string | null, checks: Array<{ name: string, ok: boolean, reason: string }>, rates: { packetsPerSecond: number, recordsPerSecond: number, keptPerSecond: number, droppedPerSecond: number, packets: string, records: string, kept: string, dropped: string } } }>, proxyGroups: Array<{ id: string, name: string, priority: number, sourceGroup: { id: string } | null, proxy: { id: string }, slaves: Array<{ weight: number, unit: { id: string } }> }>, sourceGroups: Array<{ id: string, revision: string, name: string, description: string, model: DistributionModel, delivery: Delivery, listen: Array<number>, identity: ExporterIdentity, relayed: Array<number>, forwarder: string | null, twinCopy: boolean, twinExporters: Array<string>, retention: { maxAgeSeconds: number | null, quotaBytes: string | null }, forward: Array<{ name: string, address: string, source: SourceAddress, exporters: Array<string>, ports: Array<number>, domains: Array<string>, versions: Array<ExportVersion>, proxyGroup: string | null, forwardedBy: ForwardedBy }> }> } };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { me: { name: string, role: AccessRole }, version: { version: string, commit: string } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const ProgressPartsFragmentDoc = new TypedDocumentString(`
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}
    `, {"fragmentName":"ProgressParts"}) as unknown as TypedDocumentString<ProgressPartsFragment, unknown>;
export const JobPartsFragmentDoc = new TypedDocumentString(`
    fragment JobParts on QueryJob {
  id
  state
  place
  error
  progress {
    ...ProgressParts
  }
}
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}`, {"fragmentName":"JobParts"}) as unknown as TypedDocumentString<JobPartsFragment, unknown>;
export const StatsPartsFragmentDoc = new TypedDocumentString(`
    fragment StatsParts on QueryStats {
  rowsScanned
  rowsMatched
  bytesRead
  segments
  cachedSegments
  seriesPoints
  wireBytes
  spilledBytes
  elapsedMs
}
    `, {"fragmentName":"StatsParts"}) as unknown as TypedDocumentString<StatsPartsFragment, unknown>;
export const ResultPartsFragmentDoc = new TypedDocumentString(`
    fragment ResultParts on QueryResult {
  kind
  from
  to
  step
  columns {
    name
    kind
  }
  rows
  total
  other
  others
  next
  groups
  method
  merge
  coverage {
    complete
    unitsAsked
    unitsAnswered
    missing {
      unit
      from
      to
      reason
    }
    answeredBySecondary
  }
  stats {
    ...StatsParts
  }
}
    fragment StatsParts on QueryStats {
  rowsScanned
  rowsMatched
  bytesRead
  segments
  cachedSegments
  seriesPoints
  wireBytes
  spilledBytes
  elapsedMs
}`, {"fragmentName":"ResultParts"}) as unknown as TypedDocumentString<ResultPartsFragment, unknown>;
export const SourcePartsFragmentDoc = new TypedDocumentString(`
    fragment SourceParts on Source {
  id
  flowSource
  exporter
  name
  samplingRate
  revision
  isRemembered
  port
  ports
  domain
  sourceGroup
  sourceGroupName
  unit
  unitName
  protocols
  firstSeen
  lastSeen
  packets
  records
  octets
  packetsPerSecond
  recordsPerSecond
  lostPerSecond
  droppedPerSecond
  sampling {
    rate
    origin
    rates
    unscaled
  }
  sequences {
    protocol
    unit
    expected
    received
    lost
    reordered
    duplicates
    resets
  }
  clock {
    skewMs
    isSkewed
    skewedPackets
  }
  templates {
    count
    isFlapping
    changes
  }
  drops {
    unitName
    hop
    kind
    reason
    count
  }
}
    `, {"fragmentName":"SourceParts"}) as unknown as TypedDocumentString<SourcePartsFragment, unknown>;
export const CopyPartsFragmentDoc = new TypedDocumentString(`
    fragment CopyParts on LedgerForwarded {
  target
  twin
  received
  kept
  dropped {
    reason
    count
  }
}
    `, {"fragmentName":"CopyParts"}) as unknown as TypedDocumentString<CopyPartsFragment, unknown>;
export const LedgerPartsFragmentDoc = new TypedDocumentString(`
    fragment LedgerParts on UnitLedger {
  unit
  name
  error
  entries {
    hop
    kind
    exporter
    domain
    received
    kept
    split
    missing
    dropped {
      reason
      count
    }
  }
  ports {
    port
    received
    kept
    missing
    dropped {
      reason
      count
    }
  }
  forwarded {
    ...CopyParts
  }
  sent {
    slave
    name
    packets
    records
    droppedPackets {
      reason
      count
    }
    droppedRecords {
      reason
      count
    }
  }
}
    fragment CopyParts on LedgerForwarded {
  target
  twin
  received
  kept
  dropped {
    reason
    count
  }
}`, {"fragmentName":"LedgerParts"}) as unknown as TypedDocumentString<LedgerPartsFragment, unknown>;
export const TopologyPartsFragmentDoc = new TypedDocumentString(`
    fragment TopologyParts on Topology {
  cluster
  revision
  units {
    id
    name
    role
    control
    query
    joined
    status {
      state
      reason
      lastSeen
      started
      version
      applied
      lag
      checks {
        name
        ok
        reason
      }
      rates {
        packetsPerSecond
        recordsPerSecond
        keptPerSecond
        droppedPerSecond
        packets
        records
        kept
        dropped
      }
      memoryBytes
      storeBytes
      storeFreeBytes
      storeMinimumBytes
      storeQuotaBytes
      storeMaxAgeSeconds
      storeRows
      oldest
      newest
    }
  }
  proxyGroups {
    id
    name
    priority
    sourceGroup {
      id
    }
    proxy {
      id
    }
    slaves {
      weight
      unit {
        id
      }
    }
  }
  sourceGroups {
    id
    revision
    name
    description
    model
    delivery
    listen
    identity
    relayed
    retention {
      maxAgeSeconds
      quotaBytes
    }
    forward {
      name
      address
      source
      exporters
      ports
      domains
      versions
      proxyGroup
      forwardedBy
    }
    forwarder
    twinCopy
    twinExporters
  }
}
    `, {"fragmentName":"TopologyParts"}) as unknown as TypedDocumentString<TopologyPartsFragment, unknown>;
export const RunningQueriesDocument = new TypedDocumentString(`
    query RunningQueries($limit: Int!) {
  queries(limit: $limit) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<RunningQueriesQuery, RunningQueriesQueryVariables>;
export const FilterValidateDocument = new TypedDocumentString(`
    query FilterValidate($text: String!) {
  filterValidate(text: $text) {
    offset
    length
    message
    expected
  }
}
    `) as unknown as TypedDocumentString<FilterValidateQuery, FilterValidateQueryVariables>;
export const FlowFieldsDocument = new TypedDocumentString(`
    query FlowFields {
  fields {
    name
    groupable
  }
}
    `) as unknown as TypedDocumentString<FlowFieldsQuery, FlowFieldsQueryVariables>;
export const FilterNamesDocument = new TypedDocumentString(`
    query FilterNames($limit: Int!) {
  sources(limit: $limit) {
    sources {
      exporter
      name
    }
  }
  topology {
    sourceGroups {
      name
    }
  }
}
    `) as unknown as TypedDocumentString<FilterNamesQuery, FilterNamesQueryVariables>;
export const ActionsDocument = new TypedDocumentString(`
    query Actions($limit: Int!) {
  actions(limit: $limit) {
    id
    revision
    time
    actor
    summary
    state
    units {
      unit
      name
      state
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ActionsQuery, ActionsQueryVariables>;
export const StartQueryDocument = new TypedDocumentString(`
    mutation StartQuery($input: QueryInput!, $wait: Duration!) {
  startQuery(input: $input, wait: $wait) {
    ...JobParts
    result {
      ...ResultParts
    }
  }
}
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}
fragment StatsParts on QueryStats {
  rowsScanned
  rowsMatched
  bytesRead
  segments
  cachedSegments
  seriesPoints
  wireBytes
  spilledBytes
  elapsedMs
}
fragment JobParts on QueryJob {
  id
  state
  place
  error
  progress {
    ...ProgressParts
  }
}
fragment ResultParts on QueryResult {
  kind
  from
  to
  step
  columns {
    name
    kind
  }
  rows
  total
  other
  others
  next
  groups
  method
  merge
  coverage {
    complete
    unitsAsked
    unitsAnswered
    missing {
      unit
      from
      to
      reason
    }
    answeredBySecondary
  }
  stats {
    ...StatsParts
  }
}`) as unknown as TypedDocumentString<StartQueryMutation, StartQueryMutationVariables>;
export const QueryJobDocument = new TypedDocumentString(`
    query QueryJob($id: ID!) {
  query(id: $id) {
    ...JobParts
    result {
      ...ResultParts
    }
  }
}
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}
fragment StatsParts on QueryStats {
  rowsScanned
  rowsMatched
  bytesRead
  segments
  cachedSegments
  seriesPoints
  wireBytes
  spilledBytes
  elapsedMs
}
fragment JobParts on QueryJob {
  id
  state
  place
  error
  progress {
    ...ProgressParts
  }
}
fragment ResultParts on QueryResult {
  kind
  from
  to
  step
  columns {
    name
    kind
  }
  rows
  total
  other
  others
  next
  groups
  method
  merge
  coverage {
    complete
    unitsAsked
    unitsAnswered
    missing {
      unit
      from
      to
      reason
    }
    answeredBySecondary
  }
  stats {
    ...StatsParts
  }
}`) as unknown as TypedDocumentString<QueryJobQuery, QueryJobQueryVariables>;
export const QueryStateDocument = new TypedDocumentString(`
    query QueryState($id: ID!) {
  query(id: $id) {
    ...JobParts
  }
}
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}
fragment JobParts on QueryJob {
  id
  state
  place
  error
  progress {
    ...ProgressParts
  }
}`) as unknown as TypedDocumentString<QueryStateQuery, QueryStateQueryVariables>;
export const QueryProgressDocument = new TypedDocumentString(`
    subscription QueryProgress($id: ID!) {
  queryProgress(id: $id) {
    ...JobParts
  }
}
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}
fragment JobParts on QueryJob {
  id
  state
  place
  error
  progress {
    ...ProgressParts
  }
}`) as unknown as TypedDocumentString<QueryProgressSubscription, QueryProgressSubscriptionVariables>;
export const StopQueryDocument = new TypedDocumentString(`
    mutation StopQuery($id: ID!) {
  stopQuery(id: $id) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<StopQueryMutation, StopQueryMutationVariables>;
export const CancelQueryDocument = new TypedDocumentString(`
    mutation CancelQuery($id: ID!) {
  cancelQuery(id: $id) {
    id
    state
  }
}
    `) as unknown as TypedDocumentString<CancelQueryMutation, CancelQueryMutationVariables>;
export const QueriesDocument = new TypedDocumentString(`
    query Queries($limit: Int!) {
  queryLimits {
    running
    waiting
  }
  queries(limit: $limit) {
    id
    state
    place
    actor
    created
    ended
    error
    request {
      kind
      from
      to
      filter
      groupBy
      metrics
      limit
    }
    progress {
      ...ProgressParts
    }
    result {
      method
      merge
      groups
      coverage {
        complete
        unitsAsked
        unitsAnswered
      }
      stats {
        ...StatsParts
      }
    }
  }
}
    fragment ProgressParts on UnitProgress {
  unit
  state
  rowsScanned
  segmentsDone
  segments
}
fragment StatsParts on QueryStats {
  rowsScanned
  rowsMatched
  bytesRead
  segments
  cachedSegments
  seriesPoints
  wireBytes
  spilledBytes
  elapsedMs
}`) as unknown as TypedDocumentString<QueriesQuery, QueriesQueryVariables>;
export const SourcesDocument = new TypedDocumentString(`
    query Sources($sourceGroup: String, $exporter: String, $limit: Int!) {
  sources(sourceGroup: $sourceGroup, exporter: $exporter, limit: $limit) {
    total
    missing {
      unit
      unitName
      reason
    }
    sources {
      ...SourceParts
    }
  }
}
    fragment SourceParts on Source {
  id
  flowSource
  exporter
  name
  samplingRate
  revision
  isRemembered
  port
  ports
  domain
  sourceGroup
  sourceGroupName
  unit
  unitName
  protocols
  firstSeen
  lastSeen
  packets
  records
  octets
  packetsPerSecond
  recordsPerSecond
  lostPerSecond
  droppedPerSecond
  sampling {
    rate
    origin
    rates
    unscaled
  }
  sequences {
    protocol
    unit
    expected
    received
    lost
    reordered
    duplicates
    resets
  }
  clock {
    skewMs
    isSkewed
    skewedPackets
  }
  templates {
    count
    isFlapping
    changes
  }
  drops {
    unitName
    hop
    kind
    reason
    count
  }
}`) as unknown as TypedDocumentString<SourcesQuery, SourcesQueryVariables>;
export const SourceDetailDocument = new TypedDocumentString(`
    query SourceDetail($exporter: String!, $limit: Int!) {
  sources(exporter: $exporter, limit: $limit) {
    sources {
      id
      templates {
        known {
          protocol
          id
          fields
          isOptions
        }
      }
      interfaces {
        index
        type
        speed
        isUp
        inOctets
        outOctets
        inPackets
        outPackets
        inDropped
        outDropped
        seen
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SourceDetailQuery, SourceDetailQueryVariables>;
export const SourceLedgerDocument = new TypedDocumentString(`
    query SourceLedger($exporter: String!, $limit: Int!) {
  sourceLedgers(exporter: $exporter, limit: $limit) {
    missing {
      unitName
      reason
    }
    ledgers {
      flowSource
      exporter
      sourceGroupName
      isBalanced
      underway
      accounts {
        unit
        unitName
        hop
        kind
        received
        kept
        split
        missing
        dropped {
          reason
          count
        }
      }
      sent {
        unit
        slave
        slaveName
        records
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SourceLedgerQuery, SourceLedgerQueryVariables>;
export const UpdateSourceDocument = new TypedDocumentString(`
    mutation UpdateSource($input: UpdateSourceInput!) {
  updateSource(input: $input) {
    revision
    action
    affected
    settings {
      name
      samplingRate
      revision
    }
  }
}
    `) as unknown as TypedDocumentString<UpdateSourceMutation, UpdateSourceMutationVariables>;
export const DeleteSourceDocument = new TypedDocumentString(`
    mutation DeleteSource($input: DeleteInput!) {
  deleteSource(input: $input) {
    revision
    affected
  }
}
    `) as unknown as TypedDocumentString<DeleteSourceMutation, DeleteSourceMutationVariables>;
export const LedgerDocument = new TypedDocumentString(`
    query Ledger {
  ledger(perExporter: false) {
    ...LedgerParts
  }
  topology {
    units {
      id
      status {
        started
      }
    }
  }
}
    fragment CopyParts on LedgerForwarded {
  target
  twin
  received
  kept
  dropped {
    reason
    count
  }
}
fragment LedgerParts on UnitLedger {
  unit
  name
  error
  entries {
    hop
    kind
    exporter
    domain
    received
    kept
    split
    missing
    dropped {
      reason
      count
    }
  }
  ports {
    port
    received
    kept
    missing
    dropped {
      reason
      count
    }
  }
  forwarded {
    ...CopyParts
  }
  sent {
    slave
    name
    packets
    records
    droppedPackets {
      reason
      count
    }
    droppedRecords {
      reason
      count
    }
  }
}`) as unknown as TypedDocumentString<LedgerQuery, LedgerQueryVariables>;
export const UpdateSourceGroupDocument = new TypedDocumentString(`
    mutation UpdateSourceGroup($input: UpdateSourceGroupInput!) {
  updateSourceGroup(input: $input) {
    revision
    affected
    sourceGroup {
      revision
    }
  }
}
    `) as unknown as TypedDocumentString<UpdateSourceGroupMutation, UpdateSourceGroupMutationVariables>;
export const ForwardedDocument = new TypedDocumentString(`
    query Forwarded($sourceGroup: String!) {
  ledger(sourceGroup: $sourceGroup) {
    unit
    name
    error
    forwarded {
      ...CopyParts
    }
  }
}
    fragment CopyParts on LedgerForwarded {
  target
  twin
  received
  kept
  dropped {
    reason
    count
  }
}`) as unknown as TypedDocumentString<ForwardedQuery, ForwardedQueryVariables>;
export const TopologyDocument = new TypedDocumentString(`
    query Topology {
  topology {
    ...TopologyParts
  }
}
    fragment TopologyParts on Topology {
  cluster
  revision
  units {
    id
    name
    role
    control
    query
    joined
    status {
      state
      reason
      lastSeen
      started
      version
      applied
      lag
      checks {
        name
        ok
        reason
      }
      rates {
        packetsPerSecond
        recordsPerSecond
        keptPerSecond
        droppedPerSecond
        packets
        records
        kept
        dropped
      }
      memoryBytes
      storeBytes
      storeFreeBytes
      storeMinimumBytes
      storeQuotaBytes
      storeMaxAgeSeconds
      storeRows
      oldest
      newest
    }
  }
  proxyGroups {
    id
    name
    priority
    sourceGroup {
      id
    }
    proxy {
      id
    }
    slaves {
      weight
      unit {
        id
      }
    }
  }
  sourceGroups {
    id
    revision
    name
    description
    model
    delivery
    listen
    identity
    relayed
    retention {
      maxAgeSeconds
      quotaBytes
    }
    forward {
      name
      address
      source
      exporters
      ports
      domains
      versions
      proxyGroup
      forwardedBy
    }
    forwarder
    twinCopy
    twinExporters
  }
}`) as unknown as TypedDocumentString<TopologyQuery, TopologyQueryVariables>;
export const TopologyChangedDocument = new TypedDocumentString(`
    subscription TopologyChanged {
  topologyChanged {
    ...TopologyParts
  }
}
    fragment TopologyParts on Topology {
  cluster
  revision
  units {
    id
    name
    role
    control
    query
    joined
    status {
      state
      reason
      lastSeen
      started
      version
      applied
      lag
      checks {
        name
        ok
        reason
      }
      rates {
        packetsPerSecond
        recordsPerSecond
        keptPerSecond
        droppedPerSecond
        packets
        records
        kept
        dropped
      }
      memoryBytes
      storeBytes
      storeFreeBytes
      storeMinimumBytes
      storeQuotaBytes
      storeMaxAgeSeconds
      storeRows
      oldest
      newest
    }
  }
  proxyGroups {
    id
    name
    priority
    sourceGroup {
      id
    }
    proxy {
      id
    }
    slaves {
      weight
      unit {
        id
      }
    }
  }
  sourceGroups {
    id
    revision
    name
    description
    model
    delivery
    listen
    identity
    relayed
    retention {
      maxAgeSeconds
      quotaBytes
    }
    forward {
      name
      address
      source
      exporters
      ports
      domains
      versions
      proxyGroup
      forwardedBy
    }
    forwarder
    twinCopy
    twinExporters
  }
}`) as unknown as TypedDocumentString<TopologyChangedSubscription, TopologyChangedSubscriptionVariables>;
export const MeDocument = new TypedDocumentString(`
    query Me {
  me {
    name
    role
  }
  version {
    version
    commit
  }
}
    `) as unknown as TypedDocumentString<MeQuery, MeQueryVariables>;
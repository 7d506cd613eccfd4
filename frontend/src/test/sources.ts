/** Sources and accounts as the API gives them, for tests. */
import { graphql, HttpResponse } from 'msw';
import type { LedgerQuery, SourceDetailQuery, SourceLedgerQuery, SourcesQuery } from '../graphql/generated/graphql';
import type { Entry, UnitLedger } from '../pages/sources/ledger';
import type { Sequence, Source } from '../pages/sources/source';
import { server } from './server';

/** Answers are read at the present, so that nothing in them is old. */
const now = (): string => new Date().toISOString();

export function source(exporter: string, change: Partial<Source> = {}): Source {
  const { unitName = 'london-proxy', domain = '1' } = change;
  return {
    id: `${exporter}-${domain}-${unitName}`,
    flowSource: `${exporter}@g-london`,
    exporter,
    name: '',
    samplingRate: null,
    revision: '0',
    isRemembered: false,
    port: null,
    ports: [40_000],
    domain,
    sourceGroup: 'g-london',
    sourceGroupName: 'london',
    unit: `id-${unitName}`,
    unitName,
    protocols: ['ipfix'],
    firstSeen: '2026-11-25T10:00:00Z',
    lastSeen: now(),
    packets: '1000',
    records: '20000',
    octets: '1300000',
    packetsPerSecond: 5,
    recordsPerSecond: 100,
    lostPerSecond: 0,
    droppedPerSecond: 0,
    sampling: { rate: '100', origin: 'options', rates: ['100'], unscaled: '0' },
    sequences: [sequence({})],
    clock: { skewMs: '-40', isSkewed: false, skewedPackets: '0' },
    templates: { count: 2, isFlapping: false, changes: '0' },
    drops: [],
    ...change,
  };
}

export const sequence = (change: Partial<Sequence>): Sequence => ({
  protocol: 'ipfix', unit: 'records', expected: '20000', received: '20000', lost: '0', reordered: '0', duplicates: '0', resets: '0',
  ...change,
});

export const entry = (hop: string, kind: string, received: number, change: Partial<Entry> = {}): Entry => ({
  hop, kind, exporter: null, domain: '0', received: String(received), kept: String(received), split: '0', missing: '0', dropped: [], ...change,
});

export const unitLedger = (name: string, entries: Entry[], change: Partial<UnitLedger> = {}): UnitLedger => ({
  unit: `id-${name}`, name, error: '', entries, ports: [], forwarded: [], sent: [], ...change,
});

/** A Proxy with two Slaves that have lost nothing. */
export const books = (): LedgerQuery => ({
  ledger: [
    unitLedger('london-slave-1', [entry('receive', 'packets', 60), entry('store', 'records', 500)]),
    unitLedger('london-proxy', [entry('receive', 'packets', 100), entry('distribute', 'records', 1000)], {
      sent: [
        { slave: 'id-london-slave-1', name: 'london-slave-1', packets: '60', records: '500', droppedPackets: [], droppedRecords: [] },
        { slave: 'id-london-slave-2', name: 'london-slave-2', packets: '60', records: '500', droppedPackets: [], droppedRecords: [] },
      ],
    }),
    unitLedger('london-slave-2', [entry('receive', 'packets', 60), entry('store', 'records', 500)]),
  ],
  topology: {
    units: ['london-proxy', 'london-slave-1', 'london-slave-2'].map((n) => ({ id: `id-${n}`, status: { started: '2026-11-25T10:00:00Z' } })),
  },
});

type Missing = SourcesQuery['sources']['missing'];

export function answerSources(sources: Source[], { missing = [] as Missing, total = sources.length } = {}) {
  server.use(graphql.query('Sources', () => HttpResponse.json({ data: { sources: { sources, missing, total } } })));
}

export function answerDetail(details: SourceDetailQuery['sources']['sources'], ledgers: SourceLedgerQuery['sourceLedgers']['ledgers'] = []) {
  server.use(
    graphql.query('SourceDetail', () => HttpResponse.json({ data: { sources: { sources: details } } })),
    graphql.query('SourceLedger', () => HttpResponse.json({ data: { sourceLedgers: { ledgers, missing: [] } } })),
  );
}

export const answerLedger = (ledger: LedgerQuery) => server.use(graphql.query('Ledger', () => HttpResponse.json({ data: ledger })));

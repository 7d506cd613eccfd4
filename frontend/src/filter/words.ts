/** The words of the filter language: for colours and for completion. */
import { Keyword, Logic } from './parser.generated.terms';

export type Word = { label: string; detail: string; kind: 'logic' | 'term' | 'side' | 'value' };

const list = (kind: Word['kind'], words: Record<string, string>): Word[] =>
  Object.entries(words).map(([label, detail]) => ({ label, detail, kind }));

/** In the order in which completion offers them. */
export const words: readonly Word[] = [
  ...list('logic', {
    and: 'both terms',
    or: 'either term',
    not: 'what the next term does not match',
    any: 'every flow',
  }),
  ...list('side', {
    src: 'of the source: src ip 10.1.2.3',
    dst: 'of the destination: dst port 443',
    in: 'in if 3, or in [80 443]',
    out: 'out if 4',
    next: 'next ip 192.0.2.1',
  }),
  ...list('term', {
    proto: 'protocol by name or number: proto tcp',
    ip: 'address of either side: ip 10.1.2.3',
    host: 'the same as ip',
    net: 'network of either side: net 10.0.0.0/8',
    port: 'port of either side: port in [80 443]',
    if: 'interface by index: in if 3',
    as: 'autonomous system: src as 64500',
    vlan: 'VLAN: src vlan 10',
    mac: 'MAC address: src mac 00:11:22:33:44:55',
    mask: 'prefix length: src mask 24',
    flags: 'TCP flags: flags S and not flags A',
    tos: 'type of service, traffic class: tos 184',
    'icmp-type': 'ICMP type: icmp-type 8',
    'icmp-code': 'ICMP code: icmp-code 1',
    flowdir: 'direction of observation: flowdir ingress',
    packets: 'packets > 10',
    bytes: 'bytes > 1M',
    pps: 'packets per second: pps > 10k',
    bps: 'bits per second: bps > 1M',
    bpp: 'bytes per packet: bpp < 64',
    duration: 'milliseconds: duration > 1000',
    exporter: 'the exporter: exporter 192.0.2.1',
    router: 'the exporter: router ip 192.0.2.1',
    sourcegroup: 'the place: sourcegroup london',
    channel: 'a channel of the profile: channel "192.0.2.1"',
    inet: 'IPv4 only',
    inet6: 'IPv6 only',
    ipv4: 'IPv4 only',
    ipv6: 'IPv6 only',
    observationDomain: 'observation domain, source ID',
    samplingRate: 'packets per sampled packet: samplingRate > 1',
    version: 'export format: version 10',
    app: 'application ID',
  }),
  ...list('value', {
    tcp: 'proto tcp',
    udp: 'proto udp',
    icmp: 'proto icmp',
    icmp6: 'proto icmp6',
    gre: 'proto gre',
    esp: 'proto esp',
    sctp: 'proto sctp',
  }),
];

const terms = new Map<string, number>(words.map((w) => [w.label, w.kind === 'logic' ? Logic : Keyword]));

/** Tells the parser which words are more than names; -1 says none. */
export const specialize = (value: string): number => terms.get(value.toLowerCase()) ?? -1;

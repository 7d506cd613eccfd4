/** Values of flow records as people read them. The exact value stays in tooltips. */
import { exact, volume } from './numbers';
import { clockMillis, dateTime } from './times';
import type { Zone } from './zones';

export type Value = string | number | boolean | null | undefined;

/** Protocols that operators know by name (IANA protocol numbers). */
const protocols: Record<number, string> = {
  0: 'HOPOPT', 1: 'ICMP', 2: 'IGMP', 4: 'IPv4', 6: 'TCP', 8: 'EGP', 17: 'UDP', 41: 'IPv6', 46: 'RSVP', 47: 'GRE',
  50: 'ESP', 51: 'AH', 58: 'ICMPv6', 88: 'EIGRP', 89: 'OSPF', 94: 'IPIP', 103: 'PIM', 112: 'VRRP', 115: 'L2TP',
  132: 'SCTP', 136: 'UDPLite',
};

/** Services that ports are commonly used for. */
const services: Record<number, string> = {
  20: 'ftp-data', 21: 'ftp', 22: 'ssh', 23: 'telnet', 25: 'smtp', 53: 'dns', 67: 'dhcp', 68: 'dhcp', 69: 'tftp',
  80: 'http', 88: 'kerberos', 110: 'pop3', 119: 'nntp', 123: 'ntp', 135: 'msrpc', 137: 'netbios', 139: 'netbios',
  143: 'imap', 161: 'snmp', 162: 'snmptrap', 179: 'bgp', 389: 'ldap', 443: 'https', 445: 'smb', 465: 'smtps',
  500: 'isakmp', 514: 'syslog', 587: 'submission', 636: 'ldaps', 853: 'dot', 993: 'imaps', 995: 'pop3s',
  1194: 'openvpn', 1433: 'mssql', 1521: 'oracle', 1812: 'radius', 1883: 'mqtt', 2049: 'nfs', 2055: 'netflow',
  3128: 'proxy', 3306: 'mysql', 3389: 'rdp', 4500: 'ipsec-nat', 4739: 'ipfix', 5060: 'sip', 5061: 'sips',
  5222: 'xmpp', 5432: 'postgres', 5672: 'amqp', 5900: 'vnc', 6343: 'sflow', 6379: 'redis', 8080: 'http-alt',
  8443: 'https-alt', 9092: 'kafka', 9200: 'elastic', 11211: 'memcached', 27017: 'mongodb', 51820: 'wireguard',
};

const versions: Record<number, string> = { 5: 'NetFlow v5', 9: 'NetFlow v9', 10: 'IPFIX', 105: 'sFlow v5' };
const directions: Record<number, string> = { 0: 'ingress', 1: 'egress' };

const flagLetters = 'FSRPAUEC';

/** Flags as letters at fixed places, as nfdump writes them: ...AP.S. */
export function tcpFlags(bits: number): string {
  return [...flagLetters].map((letter, i) => (bits & (1 << i) ? letter : '.')).reverse().join('');
}

const named: Record<string, Record<number, string>> = { proto: protocols, version: versions, direction: directions };

/** The field of a column: srcAddr of srcAddr/24. */
export const fieldOf = (column: string): string => column.split('/', 1)[0] ?? column;

/** A value of a column as text; empty stands for what a flow does not carry. */
export function valueText(column: string, value: Value, zone: Zone = 'UTC'): string {
  if (value === null || value === undefined || value === '') return '–';
  const field = fieldOf(column);
  const number = Number(value);
  if (field === 'tcpFlags' && !Number.isNaN(number)) return tcpFlags(number);
  if (field === 'time' || field === 'first' || field === 'last') return timeText(value, zone);
  return named[field]?.[number] ?? String(value);
}

function timeText(value: Value, zone: Zone): string {
  const ms = Date.parse(String(value));
  return Number.isNaN(ms) ? String(value) : `${dateTime(ms, zone).slice(0, 10)} ${clockMillis(ms, zone)}`;
}

/** What a value is commonly called beside its text: https of port 443. */
export function valueHint(column: string, value: Value): string | undefined {
  const field = fieldOf(column);
  return field === 'srcPort' || field === 'dstPort' || field === 'port' ? services[Number(value)] : undefined;
}

/** A counter of a record or group: octets with a prefix, the rest in full. */
export function counterText(column: string, value: Value): string {
  if (value === null || value === undefined) return '–';
  return /bytes/.test(column) ? volume('bytes', Number(value)) : exact(String(value));
}

/** A group of several fields as one name. */
export function groupName(columns: readonly string[], values: readonly Value[]): string {
  const words = columns.map((column, i) => {
    const hint = valueHint(column, values[i]);
    return hint ? `${valueText(column, values[i])} ${hint}` : valueText(column, values[i]);
  });
  return words.join(' · ');
}

/** Addresses in the order of their numbers, not of their letters. */

/** A text that sorts as the address does: IPv4 before IPv6, then by value. */
export function addressKey(address: string): string {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (v4) return `4${v4.slice(1).map((n) => n.padStart(3, '0')).join('')}`;
  const [head = '', tail] = address.split('::', 2);
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return `6${[...left, ...zeros, ...right].map((g) => g.padStart(4, '0')).join('')}`;
}

const groups = (text: string): string[] => (text === '' ? [] : text.toLowerCase().split(':'));

/** What lists are asked for again and again. */

/** Items by a key, in the order in which keys first came. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const k = key(item);
    const known = groups.get(k);
    if (known) known.push(item);
    else groups.set(k, [item]);
  }
  return groups;
}

export const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((n, item) => n + of(item), 0);

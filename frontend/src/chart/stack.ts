/** Running sums from the first line up: what a stacked chart draws. */
export function stack(values: readonly (readonly number[])[]): number[][] {
  const stacked: number[][] = [];
  for (const line of values) {
    const below = stacked[stacked.length - 1];
    stacked.push(line.map((v, i) => v + (below?.[i] ?? 0)));
  }
  return stacked;
}

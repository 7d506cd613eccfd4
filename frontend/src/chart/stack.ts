/** Running sums from the first line up: what a stacked chart draws. */
export function stack(values: readonly (readonly number[])[]): number[][] {
  const stacked: number[][] = [];
  for (const line of values) {
    const below = stacked[stacked.length - 1];
    stacked.push(line.map((v, i) => v + (below?.[i] ?? 0)));
  }
  return stacked;
}

/** Each value in percent of the sum of its step; where nothing is, 0. */
export function shares(values: readonly (readonly number[])[]): number[][] {
  const sums = values[0]?.map((_, i) => values.reduce((sum, line) => sum + (line[i] ?? 0), 0)) ?? [];
  return values.map((line) => line.map((v, i) => ((sums[i] ?? 0) > 0 ? (v / (sums[i] as number)) * 100 : 0)));
}

/**
 * The time at the Master. Ages are of its clock, not of the browser's, which
 * may be minutes off.
 */
let ahead = 0;

/** The Date header counts whole seconds and has travelled: less than this is no difference. */
const tolerated = 3_000;

/** Takes the Date header of an answer. */
export function hearTime(date: string | null, now: number): void {
  const told = Date.parse(date ?? '');
  if (Number.isNaN(told)) return;
  ahead = Math.abs(told - now) > tolerated ? told - now : 0;
}

export const masterTime = (): number => Date.now() + ahead;

import { useEffect, useState } from 'react';
import { masterTime } from '../graphql/clock';

/** The present time at the Master, moving on every second while shown. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(masterTime);
  useEffect(() => {
    const timer = setInterval(() => setNow(masterTime()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

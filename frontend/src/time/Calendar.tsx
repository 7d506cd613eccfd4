import { DatePicker, type DatesRangeValue } from '@mantine/dates';
import { useState } from 'react';

/** Picks whole days; loaded when someone opens the range. */
export default function Calendar({ onPick }: { onPick: (first: string, last: string) => void }) {
  const [days, setDays] = useState<DatesRangeValue<string>>([null, null]);
  return (
    <DatePicker
      type="range"
      size="xs"
      allowSingleDateInRange
      firstDayOfWeek={1}
      weekendDays={[]}
      value={days}
      ariaLabels={{ nextMonth: 'Next month', previousMonth: 'Previous month', monthLevelControl: 'Choose a month' }}
      onChange={(picked) => {
        setDays(picked);
        const [first, last] = picked;
        if (first && last) onPick(first, last);
      }}
    />
  );
}

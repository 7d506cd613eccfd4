/** What operators may say of an exporter, as it is typed and as the API takes it. */
import type { Mistakes } from '../../components/mistakes';
import type { Exporter } from './exporters';

export type Draft = { name: string; rate: string };

export type Field = keyof Draft;

export const draftOf = ({ name, samplingRate }: Exporter['settings']): Draft => ({
  name, rate: samplingRate === null ? '' : String(samplingRate),
});

const maxRate = 1_000_000_000;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What can be told without asking; empty if the API may be asked. */
export function mistakesIn({ name, rate }: Draft): Mistakes<Field> {
  const found: Mistakes<Field> = {};
  if (name !== '' && !nameForm.test(name)) {
    found.name = "1 to 63 letters, digits, '.', '_' or '-', beginning with a letter or digit";
  }
  if (rate !== '' && !(/^\d+$/.test(rate) && Number(rate) >= 1 && Number(rate) <= maxRate)) {
    found.rate = 'A whole number from 1 to 1,000,000,000, or nothing';
  }
  return found;
}

const fieldsByPointer: Record<string, Field> = { '/name': 'name', '/samplingRate': 'rate' };

/** The field that a pointer into the input means. */
export const fieldOf = (pointer: string): Field | undefined => fieldsByPointer[pointer];

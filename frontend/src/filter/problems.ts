import { useQuery } from '@tanstack/react-query';
import { useDebouncedValue } from '@mantine/hooks';
import { execute } from '../graphql/execute';
import { FilterValidateDocument } from '../graphql/generated/graphql';

export type Problem = { from: number; to: number; message: string };

const encoder = new TextEncoder();

/** The index in a string of an offset that the API counts in octets of UTF-8. */
export function indexOfOctet(text: string, octets: number): number {
  let seen = 0;
  let index = 0;
  for (const character of text) {
    if (seen >= octets) break;
    seen += encoder.encode(character).length;
    index += character.length;
  }
  return index;
}

const debounceMs = 200;

/** The mistakes in a filter as the server finds them, a moment after typing stops. */
export function useFilterProblems(text: string): readonly Problem[] {
  const [settled] = useDebouncedValue(text, debounceMs);
  const { data } = useQuery({
    queryKey: ['filterValidate', settled],
    queryFn: ({ signal }) => execute(FilterValidateDocument, { text: settled }, signal),
    enabled: settled.trim() !== '',
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  if (settled !== text || settled.trim() === '') return none;
  return data?.filterValidate.map((p) => problemOf(text, p)) ?? none;
}

const none: readonly Problem[] = [];

type ServerProblem = { offset: number; length: number; message: string; expected: readonly string[] };

const expectedShown = 6;

function problemOf(text: string, p: ServerProblem): Problem {
  const from = indexOfOctet(text, p.offset);
  const hint = p.expected.length > 0 && p.expected.length <= expectedShown ? `; expected ${p.expected.join(', ')}` : '';
  return { from, to: indexOfOctet(text, p.offset + p.length), message: p.message + hint };
}

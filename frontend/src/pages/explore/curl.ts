/** A question as a command line, for scripts and colleagues. */
import type { QueryInput } from '../../graphql/generated/graphql';

/** Seconds that the API holds the answer back for; a longer query goes on, and is asked for by its ID. */
const wait = 30;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Runs in any POSIX shell; the token stays out of it. */
export const curlOf = (question: QueryInput, origin: string): string =>
  [
    `curl -fsS ${quoted(`${origin}/api/v1/queries`)}`,
    '-H "Authorization: Bearer $WEIR_TOKEN"',
    "-H 'Content-Type: application/json'",
    `-H 'Prefer: wait=${wait}'`,
    `-d ${quoted(JSON.stringify(question))}`,
  ].join(' \\\n  ');

import { completeFromList, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { LanguageSupport, LRLanguage } from '@codemirror/language';
import { styleTags, tags } from '@lezer/highlight';
import type { Names } from './names';
import { parser } from './parser.generated.js';
import { words, type Word } from './words';

const language = LRLanguage.define({
  name: 'weir-filter',
  parser: parser.configure({
    props: [
      styleTags({
        Keyword: tags.keyword,
        Logic: tags.logicOperator,
        Number: tags.number,
        Address: tags.number,
        Quoted: tags.string,
        Compare: tags.compareOperator,
        Comment: tags.comment,
        '( )': tags.paren,
        '[ ]': tags.squareBracket,
      }),
    ],
  }),
  languageData: { commentTokens: { line: '#' }, closeBrackets: { brackets: ['(', '[', '"'] } },
});

const offer = (kept: (w: Word) => boolean) =>
  completeFromList(
    words.filter(kept).map((w) => ({ label: w.label, detail: w.detail, type: w.kind === 'value' ? 'constant' : 'keyword' })),
  );

const named = (...labels: string[]) => offer((w) => labels.includes(w.label));

/** What may follow a word; after any other word the whole language may. */
const after: readonly [RegExp, ReturnType<typeof offer>][] = [
  [/\bproto\s+[\w-]*$/i, offer((w) => w.kind === 'value')],
  [/\b(src|dst)\s+[\w-]*$/i, named('ip', 'host', 'net', 'port', 'as', 'mask', 'vlan', 'mac', 'and', 'or')],
  [/\b(in|out)\s+[\w-]*$/i, named('if', 'src', 'dst', 'bytes', 'packets')],
  [/\b(router|next)\s+[\w-]*$/i, named('ip')],
];
const keywords = offer((w) => w.kind !== 'value');

/** Where a name of the deployment may stand. */
const places: readonly [RegExp, keyof Names][] = [
  [/\b(exporter|router\s+ip)\s+[\w.:-]*$/i, 'exporters'],
  [/\bsourcegroup\s+[\w.-]*$/i, 'sourceGroups'],
];

/** Offers the words and names that may stand here. */
export const complete =
  (names: () => Names) =>
  (context: CompletionContext): CompletionResult | Promise<CompletionResult | null> | null => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const place = places.find(([pattern]) => pattern.test(before));
    if (place) return completeFromList(names()[place[1]])(context);
    const [, offered = keywords] = after.find(([pattern]) => pattern.test(before)) ?? [];
    return offered(context);
  };

/** The language, with completion; `names` is asked whenever something is completed. */
export const filterLanguage = (names: () => Names): LanguageSupport =>
  new LanguageSupport(language, language.data.of({ autocomplete: complete(names) }));

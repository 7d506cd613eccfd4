import { completeFromList, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { LanguageSupport, LRLanguage } from '@codemirror/language';
import { styleTags, tags } from '@lezer/highlight';
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

const values = offer((w) => w.kind === 'value');
const keywords = offer((w) => w.kind !== 'value');

/** Offers protocols after proto, and the words of the language elsewhere. */
function complete(context: CompletionContext): CompletionResult | Promise<CompletionResult | null> | null {
  return context.matchBefore(/proto\s+\w*/i) ? values(context) : keywords(context);
}

export const filterLanguage = (): LanguageSupport =>
  new LanguageSupport(language, language.data.of({ autocomplete: complete }));

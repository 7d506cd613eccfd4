import { acceptCompletion, autocompletion, closeBrackets, completionKeymap, completionStatus } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewline } from '@codemirror/commands';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { Annotation, EditorState } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import { filterLanguage } from './language';
import type { Names } from './names';
import type { Problem } from './problems';

type EditorProps = {
  value: string;
  onChange: (text: string) => void;
  /** Runs the text as it stands, which the page may not have seen yet. */
  onRun: (text: string) => void;
  problems: readonly Problem[];
  /** What completion offers where the filter names something of the deployment. */
  names: Names;
  hint: string;
  /** Lets the page put the focus here. */
  focusRef: RefObject<(() => void) | null>;
  /** Whether the focus was in the plain field that this editor replaces. */
  takeFocus: boolean;
};

const look = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'transparent', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--font-mono)', padding: '5px 0', caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-line': { padding: '0 2px' },
  '.cm-placeholder': { color: 'var(--text-dim)' },
  '.cm-scroller': { maxHeight: '120px', lineHeight: '18px' },
  '.cm-tooltip': { backgroundColor: 'var(--panel-raised)', border: '1px solid var(--border)', color: 'var(--text)' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--font-mono)', maxHeight: '260px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--row-chosen)', color: 'var(--text)' },
  '.cm-completionDetail': { color: 'var(--text-dim)', fontStyle: 'normal', fontFamily: 'var(--font)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--bad) 1px',
    textUnderlineOffset: '3px',
  },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--row-chosen)' },
});

/** Marks a change that the page made, such as a value clicked into the filter. */
const fromOutside = Annotation.define<boolean>();

/** The filter with colours, completion and marks; loaded after the page. */
export default function FilterEditor({ value, onChange, onRun, problems, names, hint, focusRef, takeFocus }: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onChange, onRun, names });
  /** What was typed and has not come back as the value yet, the oldest first. */
  const told = useRef<string[]>([]);
  useEffect(() => {
    latest.current = { onChange, onRun, names };
  });

  // Before anything else happens: no key may fall between the plain field and this one.
  useLayoutEffect(() => {
    const run = ({ state }: EditorView) => {
      latest.current.onRun(state.doc.toString());
      return true;
    };
    const editor = new EditorView({
      parent: host.current as HTMLElement,
      state: EditorState.create({
        doc: value,
        selection: { anchor: value.length },
        extensions: [
          history(),
          keymap.of([
            { key: 'Mod-Enter', run },
            { key: 'Shift-Enter', run: insertNewline },
            { key: 'Tab', run: acceptCompletion },
            ...completionKeymap,
            { key: 'Enter', run: (v) => completionStatus(v.state) !== 'active' && run(v) },
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          filterLanguage(() => latest.current.names),
          autocompletion({ icons: false, activateOnTyping: true, selectOnOpen: false }),
          closeBrackets(),
          bracketMatching(),
          syntaxHighlighting(classHighlighter),
          placeholder(hint),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Filter', spellcheck: 'false' }),
          EditorView.updateListener.of((u) => {
            if (!u.docChanged || u.transactions.some((t) => t.annotation(fromOutside))) return;
            const text = u.state.doc.toString();
            told.current.push(text);
            latest.current.onChange(text);
          }),
          look,
        ],
      }),
    });
    view.current = editor;
    focusRef.current = () => editor.focus();
    if (takeFocus) editor.focus();
    return () => {
      focusRef.current = null;
      editor.destroy();
    };
    // The editor lives as long as the field; later values arrive below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    const editor = view.current;
    // A value that was typed comes back late: more may have been typed since.
    const typed = told.current.indexOf(value);
    told.current.splice(0, typed + 1);
    if (!editor || typed >= 0 || editor.state.doc.toString() === value) return;
    told.current = [];
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value }, annotations: fromOutside.of(true) });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const end = editor.state.doc.length;
    const marks = problems.map((p) => ({
      from: Math.min(p.from, Math.max(0, end - 1)),
      to: Math.min(Math.max(p.to, p.from + 1), end),
      severity: 'error' as const,
      message: p.message,
    }));
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [problems]);

  return <div ref={host} />;
}

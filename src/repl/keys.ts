import type { Interface } from 'node:readline';
import { HistorySearch } from './history-search.ts';

interface Key {
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}
/** What readline does with a key: the one method of it that Node's own REPL replaces, too. */
interface Typed {
  _ttyWrite(text: string | undefined, key: Key): void;
}

/** Adds a search in the history by Ctrl-R to a terminal. Return runs what is found, Ctrl-G and Escape go back, any other key edits it. */
export function searchesHistory(terminal: Interface, history: readonly string[]): void {
  const typed = terminal as Interface & Typed;
  const type = typed._ttyWrite.bind(terminal);
  let search: HistorySearch | undefined;
  let [prompt, line] = ['', ''];

  const show = (text: string): void => {
    type(undefined, { ctrl: true, name: 'e' });
    type(undefined, { ctrl: true, name: 'u' });
    if (text !== '') type(text.replaceAll('\n', ' '), {});
    terminal.prompt(true);
  };
  const end = (text: string): void => {
    search = undefined;
    terminal.setPrompt(prompt);
    show(text);
  };
  typed._ttyWrite = (text, key) => {
    if (search === undefined) {
      if (key.ctrl !== true || key.name !== 'r') {
        type(text, key);
        return;
      }
      search = new HistorySearch(history);
      [prompt, line] = [terminal.getPrompt(), terminal.line];
    } else if (key.ctrl === true && key.name === 'r') search.older();
    else if (key.name === 'backspace') search.back();
    else if (key.name === 'escape' || (key.ctrl === true && (key.name === 'g' || key.name === 'c'))) {
      end(line);
      return;
    } else if (key.ctrl !== true && key.meta !== true && text !== undefined && /^[^\p{Cc}]+$/u.test(text))
      search.add(text);
    else {
      end(search.found === '' ? line : search.found);
      type(text, key);
      return;
    }
    terminal.setPrompt(search.prompt);
    show(search.found);
  };
}

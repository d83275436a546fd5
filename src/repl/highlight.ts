import colors from 'picocolors';
import { tokensOf } from '../syntax/tokens.ts';

/** Colours keywords, strings, numbers and comments of SQL, with the parser's own lexer. */
export function highlight(text: string): string {
  let result = '';
  let at = 0;
  for (const { start, end, kind } of tokensOf(text)) {
    result += text.slice(at, start);
    const image = text.slice(start, end);
    result +=
      kind === 'keyword'
        ? colors.cyan(image)
        : kind === 'string'
          ? colors.green(image)
          : kind === 'number'
            ? colors.yellow(image)
            : kind === 'comment'
              ? colors.dim(image)
              : image;
    at = end;
  }
  return result + text.slice(at);
}

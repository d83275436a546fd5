import { overload, scalar } from '../define.ts';

/** `\u` and four hexadecimal digits, one or more times: UTF-16 code units. */
const escapes = /^(\\u[0-9a-fA-F]{4})+$/;

export const chr = scalar({
  name: 'CHR',
  doc: "The character of a code point, or of UTF-16 escapes such as '\\u004b'; null when it is none.",
  category: 'STRING',
  overloads: [
    overload('code INTEGER', 'STRING', (code: number) =>
      code < 0 || code > 0x10ffff ? null : String.fromCodePoint(code),
    ),
    overload('code STRING', 'STRING', (code: string) =>
      escapes.test(code)
        ? String.fromCharCode(
            ...code
              .split('\\u')
              .slice(1)
              .map((unit) => parseInt(unit, 16)),
          )
        : null,
    ),
  ],
});

import { createHash } from 'node:crypto';
import { overload, scalar } from '../define.ts';

export const md5 = scalar({
  name: 'MD5',
  doc: 'The MD5 digest of the UTF-8 bytes, in lower-case hex.',
  category: 'STRING',
  overloads: [overload('input STRING', 'STRING', (input: string) => createHash('md5').update(input).digest('hex'))],
});

import { randomUUID } from 'node:crypto';
import { overload, scalar } from '../define.ts';

function uuidText(bytes: Buffer): string | null {
  if (bytes.length !== 16) return null;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export const uuid = scalar({
  name: 'UUID',
  doc: 'A random UUID, or the one that 16 bytes are; null for other lengths.',
  category: 'STRING',
  volatile: true,
  overloads: [overload('', 'STRING', () => randomUUID()), overload('bytes BYTES', 'STRING', uuidText)],
});

/** Short texts are written by hand: a call into the runtime costs more than a few bytes do. */
const short = 24;

/** Writes text as UTF-8 and gives the number of bytes; there must be room for three bytes a character. */
export function writeText(bytes: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > short) return bytes.utf8Write(text, at);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return bytes.utf8Write(text, at);
    bytes[at + i] = code;
  }
  return length;
}

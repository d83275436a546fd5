/** Texts up to this length are written in a loop, which is faster than a call of Buffer's methods. */
const short = 24;

/** Writes a string as UTF-8 and returns the number of bytes; needs room for three bytes per UTF-16 unit. */
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

const lone = /[\ud800-\udfff]/u;

/** Whether a text has half of a character, as one that was cut in its middle: UTF-8 has no bytes for it. */
export const hasLoneSurrogate = (text: string): boolean => lone.test(text);

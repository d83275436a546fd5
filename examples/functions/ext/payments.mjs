import { aggregate, scalar, tableFunction } from 'millrace/functions';

export const cardIsValid = scalar({
  name: 'card_is_valid',
  doc: 'Whether the last digit of a card number is right (Luhn).',
  author: 'Example',
  version: '1.0',
  overloads: [
    {
      params: 'number STRING',
      returns: 'BOOLEAN',
      eval: (number) => {
        if (!/^\d{12,19}$/.test(number)) throw new Error(`"${number}" is no card number`);
        const digits = [...number].reverse().map(Number);
        const sum = digits.reduce((total, digit, i) => {
          const doubled = i % 2 === 1 ? digit * 2 : digit;
          return total + (doubled > 9 ? doubled - 9 : doubled);
        }, 0);
        return sum % 10 === 0;
      },
    },
  ],
});

export const smoothed = aggregate({
  name: 'smoothed',
  doc: 'An exponential moving average: each value weighs half of the result, those before it the other half.',
  overloads: [
    {
      params: 'value DOUBLE',
      returns: 'DOUBLE',
      init: () => null,
      add: (state, value) => (value === null ? state : state === null ? value : (state + value) / 2),
      merge: (earlier, later) => later ?? earlier,
    },
  ],
});

export const words = tableFunction({
  name: 'words',
  doc: 'A row for each word of a text, with its place.',
  overloads: [
    {
      params: 'text STRING',
      returns: 'STRUCT<PLACE INTEGER, WORD STRING>',
      eval: (text) => text.split(/\s+/).map((WORD, i) => ({ PLACE: i + 1, WORD })),
    },
  ],
});

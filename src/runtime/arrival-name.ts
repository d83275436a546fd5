const digits = 17;
const padded = (value: number): string => String(value).padStart(digits, '0');

/** The name of a row that waits in a store: names are in order of (time, arrival). Both are whole and not negative. */
export const arrivalName = (time: number, arrival: number): string => `${padded(time)}/${padded(arrival)}`;

/** The time and the arrival that a name of {@link arrivalName} was made of. */
export const placeIn = (name: string): readonly [time: number, arrival: number] => [
  Number(name.slice(0, digits)),
  Number(name.slice(digits + 1)),
];

/** A payment of the demo, and whether the generator made it as fraud. */
export interface Payment {
  readonly user: string;
  readonly id: string;
  readonly merchant: string;
  readonly amount: number;
  readonly lat: number;
  readonly lon: number;
  readonly ts: number;
  /** The label that a bank would have: the truth with some errors. */
  readonly label: boolean;
}

/** Pseudo-random numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface User {
  readonly name: string;
  readonly lat: number;
  readonly lon: number;
  readonly usual: number;
  readonly rate: number;
}

const users = 400;
const labelNoise = 0.02;

/**
 * Payments of many users in order of time. Honest users also travel, buy in bursts and buy expensive goods, and each of these
 * alone looks like fraud. A thief's payments come in bursts, are larger than the user's and mostly far away, but rarely all
 * three at once.
 */
export function generatePayments(count: number, seed: number, start = 1_700_000_000_000): Payment[] {
  const random = randomNumbers(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const people: User[] = Array.from({ length: users }, (_, i) => ({
    name: `u${i}`,
    lat: 35 + 20 * random(),
    lon: -10 + 35 * random(),
    usual: Math.exp(3 + 0.6 * normal()),
    rate: 0.3 + random(),
  }));
  const payments: Payment[] = [];
  const pending: Payment[] = [];
  let now = start;
  const pay = (user: User, ts: number, factor: number, km: number, label: boolean): Payment => ({
    user: user.name,
    id: '',
    merchant: `m${Math.floor(300 * random() ** 2)}`,
    amount: Math.max(0.5, Math.round(user.usual * factor * Math.exp(0.5 * normal()) * 100) / 100),
    lat: Math.max(-89, Math.min(89, user.lat + (km / 111) * (random() - 0.5) * 2)),
    lon: user.lon + (km / 80) * (random() - 0.5) * 2,
    ts: Math.floor(ts),
    label: random() < labelNoise ? !label : label,
  });
  while (payments.length < count) {
    now += -Math.log(1 - random()) * 4000;
    const user = people[Math.floor(random() * users)]!;
    if (random() > user.rate / 1.3) continue;
    const kind = random();
    const burst = (size: number, gap: number, factor: number, km: number, label: boolean): void => {
      let at = now;
      for (let i = 0; i < size; i++) {
        pending.push(pay(user, at, factor, km, label));
        at += -Math.log(1 - random()) * gap;
      }
    };
    if (kind < 0.015)
      burst(
        3 + Math.floor(random() * 6),
        15_000 + random() * 30_000,
        1.5 + random() * 2.5,
        random() < 0.75 ? 300 + random() * 3000 : 20,
        true,
      );
    else if (kind < 0.045)
      burst(2 + Math.floor(random() * 4), 25_000 + random() * 60_000, 0.6 + random() * 0.8, 15, false);
    else if (kind < 0.075) burst(1, 1, 0.8 + random(), 400 + random() * 2500, false);
    else if (kind < 0.095) burst(1, 1, 3 + random() * 5, 15, false);
    else burst(1, 1, 1, 15, false);
    pending.sort((a, b) => a.ts - b.ts);
    while (pending.length > 0 && pending[0]!.ts <= now)
      payments.push({ ...pending.shift()!, id: `t${payments.length}` });
  }
  return payments.slice(0, count);
}

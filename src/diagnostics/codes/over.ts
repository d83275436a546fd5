/** What functions with OVER, their windows and frames can get wrong; `hint` is what can be written instead. */
export const overCodes = {
  RANK_UNBOUNDED: {
    message: (p: { why: string }) => `ranking: ${p.why}`,
    hint: () =>
      'Say how many rows of each partition are wanted: QUALIFY ROW_NUMBER() OVER (…) <= 10, or WHERE n <= 10 around a subquery.',
  },
  MATCH_INVALID: {
    message: (p: { why: string }) => `MATCH_RECOGNIZE: ${p.why}`,
    hint: (p: { hint: string }) => p.hint,
  },
  OVER_INVALID: { message: (p: { why: string }) => `OVER: ${p.why}`, hint: (p: { hint: string }) => p.hint },
  FRAME_INVALID: { message: (p: { why: string }) => `frame: ${p.why}`, hint: (p: { hint: string }) => p.hint },
  TILE_INVALID: { message: (p: { why: string }) => `TILE: ${p.why}`, hint: (p: { hint: string }) => p.hint },
  CALL_INVALID: { message: (p: { why: string }) => p.why, hint: (p: { hint: string }) => p.hint },
  GRACE_DIFFERS: {
    message: (p: { first: string; other: string }) =>
      `the windows of one SELECT wait for late rows equally long, not ${p.first} and ${p.other}`,
    hint: (p: { longer: string }) => `Say it once: GRACE PERIOD ${p.longer} holds for all of them.`,
  },
} as const;

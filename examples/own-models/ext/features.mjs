import { transform } from 'millrace/functions';

const countries = ['DE', 'FR', 'US'];

/** What the risk model takes: the logarithm of the amount, a number for the night, and the country one-hot. */
export const paymentFeatures = transform({
  name: 'payment_features',
  doc: 'The inputs of the risk model, of a payment.',
  inputs: { amount: 'DOUBLE', hour: 'INTEGER', country: 'STRING' },
  outputs: { log_amount: 'DOUBLE', is_night: 'INTEGER', in_de: 'INTEGER', in_fr: 'INTEGER', in_us: 'INTEGER' },
  eval({ amount, hour, country }) {
    if (amount < 0) throw new Error(`the amount ${amount} is negative`);
    const [in_de, in_fr, in_us] = countries.map((each) => Number(each === country));
    return { log_amount: Math.log1p(amount), is_night: Number(hour < 6), in_de, in_fr, in_us };
  },
});

/** What becomes of the model's score. */
export const riskGrade = transform({
  name: 'risk_grade',
  doc: 'The score, and a word for it.',
  inputs: { score: 'DOUBLE' },
  outputs: { score: 'DOUBLE', grade: 'STRING' },
  eval: ({ score }) => ({ score, grade: score >= 0.5 ? 'high' : 'low' }),
});

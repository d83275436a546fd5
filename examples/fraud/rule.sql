-- In place of the model where ONNX Runtime is not installed: what a rule by hand makes of the same features.
CREATE STREAM scored AS
  SELECT user_id, tx_id, ts, amount, sent, transaction_count_1m, distance_from_last_transaction AS distance,
         CASE WHEN transaction_count_1m >= 4 OR (distance_from_last_transaction > 300 AND amount > 2 * avg_amount_24h)
              THEN CAST(0.9 AS DOUBLE) ELSE CAST(0.1 AS DOUBLE) END AS score
  FROM user_velocity
  EMIT CHANGES;


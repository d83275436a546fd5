-- Payments are scored by the model's route; labels come later, and each version is judged by its own.
CREATE STREAM payments (user_id STRING KEY, tx_id STRING, amount DOUBLE, payments_1h BIGINT, ts BIGINT)
  WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');
CREATE STREAM labels (tx_id STRING KEY, is_fraud BOOLEAN, ts BIGINT)
  WITH (KAFKA_TOPIC='labels', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE MODEL fraud
  INPUT (amount DOUBLE, payments_1h BIGINT)
  OUTPUT (score DOUBLE)
  WITH (PROVIDER='onnx', PATH='examples/fraud-ab/1.onnx', INPUT_TENSOR='X', OUTPUT_MAP='score=probabilities[1]');

CREATE STREAM scored AS
  SELECT t.tx_id AS tx_id, t.user_id AS user_id, t.ts AS ts, ROUND(p.score, 3) AS score, p.model_version AS model_version
  FROM payments t
  INVOKE MODEL fraud USING (t.amount, t.payments_1h) ROUTE BY t.user_id WITH (ON_ERROR='DLQ', MAX_RETRIES=2) AS p
  PARTITION BY t.tx_id
  EMIT CHANGES;

-- A prediction and what became of the payment, within a day.
CREATE STREAM outcomes AS
  SELECT s.tx_id AS tx_id, CAST(s.model_version AS STRING) AS model_version, s.score AS score, l.is_fraud AS is_fraud,
         (s.score > 0.5) = l.is_fraud AS is_correct
  FROM scored s
  JOIN labels l WITHIN 1 DAY GRACE PERIOD 1 HOUR ON s.tx_id = l.tx_id
  EMIT CHANGES;

-- Each hour of each version: how many of the frauds it finds, as labels come, and how far its scores are from those of version 1.
CREATE MONITOR fraud_quality ON STREAM scored
  WINDOW TUMBLING (SIZE 1 HOUR)
  SEGMENT BY model_version
  BASELINE MODEL fraud VERSION 1
  WITH (KAFKA_TOPIC='fraud_quality', MIN_ROWS=2, TICK='1 MINUTE',
        LABEL_STREAM='labels', LABEL_KEY='tx_id', LABEL='is_fraud', SCORE='score', LABEL_WITHIN='1 DAY')
  ( CONSTRAINT recall CHECK (RECALL_AT(0.5) >= 0.9) SEVERITY 'PAGE',
    CONSTRAINT shifted CHECK (DRIFT(score, 'DIFFERENCE_OF_MEANS') <= 0.1) SEVERITY 'WARN' );

-- What each version is worth: how often it was right, and the mean of its squared errors (Brier).
CREATE TABLE by_version AS
  SELECT model_version, COUNT(*) AS payments,
         SUM(CASE WHEN is_correct THEN 1 ELSE 0 END) AS correct,
         ROUND(AVG((score - CASE WHEN is_fraud THEN 1.0E0 ELSE 0.0E0 END) * (score - CASE WHEN is_fraud THEN 1.0E0 ELSE 0.0E0 END)), 3) AS brier
  FROM outcomes
  GROUP BY model_version
  EMIT CHANGES;

-- Payments become velocity features, one row for each payment; a model scores them; scores over 0.85 are alerts.
CREATE STREAM transactions (
  user_id STRING KEY, tx_id STRING, merchant_id STRING, amount DOUBLE, lat DOUBLE, lon DOUBLE, ts BIGINT, sent BIGINT
) WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

CREATE FEATURE VIEW user_velocity
  ENTITY KEY (user_id)
  TIMESTAMP ts
  TTL 48 HOURS
  COMMENT 'velocity features for fraud'
AS SELECT
     user_id, ts, tx_id, amount, sent,
     COUNT(*)                    OVER w1m  AS transaction_count_1m,
     COUNT(*)                    OVER w5m  AS transaction_count_5m,
     SUM(amount)                 OVER w1h  AS total_amount_1h,
     COUNT(*)                    OVER w24h AS transaction_count_24h,
     COUNT_DISTINCT(merchant_id) OVER w24h AS unique_merchants_24h,
     AVG(amount)                 OVER w24h AS avg_amount_24h,
     COALESCE(GEO_DISTANCE(LAG(lat) OVER wp, LAG(lon) OVER wp, lat, lon, 'KM'), CAST(0 AS DOUBLE)) AS distance_from_last_transaction
   FROM transactions
   WINDOW w1m  AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW),
          w5m  AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '5' MINUTE PRECEDING AND CURRENT ROW),
          w1h  AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW),
          w24h AS (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '24' HOUR PRECEDING AND CURRENT ROW MAXSIZE 10000),
          wp   AS (PARTITION BY user_id ORDER BY ts)
   EMIT CHANGES;

CREATE MODEL fraud
  INPUT (transaction_count_1m BIGINT, transaction_count_5m BIGINT, total_amount_1h DOUBLE, transaction_count_24h BIGINT,
         unique_merchants_24h BIGINT, avg_amount_24h DOUBLE, distance_from_last_transaction DOUBLE, amount DOUBLE)
  OUTPUT (is_fraud BIGINT, score DOUBLE)
  COMMENT 'gradient-boosted trees over velocity features'
  WITH (PROVIDER='onnx', PATH='${model_path}', INPUT_TENSOR='X', OUTPUT_MAP='is_fraud=label,score=probabilities[1]');

CREATE STREAM scored AS
  SELECT v.user_id AS user_id, v.tx_id AS tx_id, v.ts AS ts, v.amount AS amount, v.sent AS sent,
         v.transaction_count_1m AS transaction_count_1m, v.distance_from_last_transaction AS distance,
         p.score AS score, p.model_version AS model_version
  FROM user_velocity v
  INVOKE MODEL fraud USING (v.transaction_count_1m, v.transaction_count_5m, v.total_amount_1h, v.transaction_count_24h,
                            v.unique_merchants_24h, v.avg_amount_24h, v.distance_from_last_transaction, v.amount) AS p
  EMIT CHANGES;

CREATE STREAM alerts AS SELECT * FROM scored WHERE score > 0.85 EMIT CHANGES;

CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE STREAM result WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1) AS
  SELECT * FROM events MATCH_RECOGNIZE (
    PARTITION BY k ORDER BY ROWTIME
    MEASURES FIRST(small.ts) AS began, COUNT(small.amount) AS n, LAST(small.country) AS from_country, big.amount AS amount, big.country AS country
    ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
    PATTERN (small{3,} big) WITHIN INTERVAL '1' HOUR
    DEFINE small AS amount < 100, big AS amount > 250 AND country <> LAST(small.country)
  ) EMIT CHANGES;

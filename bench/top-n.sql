CREATE STREAM events (k STRING KEY, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT, country STRING, device STRING)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE TABLE result WITH (KAFKA_TOPIC='${sink}', KEY_FORMAT='JSON') AS
  SELECT k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY amount DESC) AS place, amount, merchant_id
  FROM events QUALIFY place <= 3;

CREATE STREAM events (
    k STRING KEY,
    meta STRUCT<id STRING, source STRING, trace STRUCT<a STRING, b STRING>>,
    `user` STRUCT<id STRING, name STRING, geo STRUCT<lat DOUBLE, lon DOUBLE, country STRING>, prefs STRUCT<lang STRING, tz STRING, mail BOOLEAN>>,
    items ARRAY<STRUCT<sku STRING, qty INTEGER, price DOUBLE>>,
    payment STRUCT<amount DOUBLE, currency STRING, card STRUCT<kind STRING, last4 STRING>>,
    ts BIGINT)
  WITH (KAFKA_TOPIC='${topic}', VALUE_FORMAT='JSON');
CREATE STREAM result WITH (KAFKA_TOPIC='${sink}', RETENTION_MS=-1) AS
  SELECT k, `user`->id AS user_id, payment->amount * CAST(1.1 AS DOUBLE) AS amount, `user`->geo->lat AS lat, items[1]->sku AS sku
  FROM events WHERE payment->amount > 250 EMIT CHANGES;

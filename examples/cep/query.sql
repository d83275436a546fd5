-- Card testing: three small payments or more, then a large one, or one from far away, within ten minutes.
CREATE STREAM payments (user_id STRING KEY, tx_id STRING, amount DOUBLE, lat DOUBLE, lon DOUBLE)
  WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON', PARTITIONS=1);

CREATE STREAM card_testing AS
  SELECT user_id, first_tx, n_small, tx_id, amount, why, number
  FROM payments MATCH_RECOGNIZE (
    PARTITION BY user_id ORDER BY ROWTIME
    MEASURES
      FIRST(small.tx_id)  AS first_tx,
      COUNT(small.amount) AS n_small,
      LAST(tx_id)         AS tx_id,
      LAST(amount)        AS amount,
      CLASSIFIER()        AS why,
      MATCH_NUMBER()      AS number
    ONE ROW PER MATCH
    AFTER MATCH SKIP PAST LAST ROW
    PATTERN (small{3,} (big | far_away)) WITHIN INTERVAL '10' MINUTE
    DEFINE
      small    AS amount < 5,
      big      AS amount > 500,
      far_away AS GEO_DISTANCE(PREV(lat), PREV(lon), lat, lon) > 500
  )
  EMIT CHANGES;

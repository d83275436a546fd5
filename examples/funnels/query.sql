-- Which visitors bought what they had looked at, within half an hour, and how many of each variant of the page did.
CREATE STREAM visits (user_id STRING KEY, variant STRING, step STRING, item STRING, ts BIGINT)
  WITH (KAFKA_TOPIC='visits', VALUE_FORMAT='JSON', PARTITIONS=1, TIMESTAMP='ts');

-- A view, then a cart, then a purchase, whatever lies between. Rows come from phones, up to a minute late.
CREATE STREAM funnels AS
  SELECT * FROM visits MATCH_RECOGNIZE (
    PARTITION BY user_id ORDER BY ROWTIME
    MEASURES viewed.variant AS variant, viewed.item AS item, bought.ts - viewed.ts AS took_ms, COUNT(*) AS steps
    AFTER MATCH SKIP PAST LAST ROW
    PATTERN (viewed between_*? carted between_*? bought) WITHIN INTERVAL '30' MINUTES GRACE PERIOD 1 MINUTE
    DEFINE
      viewed AS step = 'view',
      carted AS step = 'cart' AND item = viewed.item,
      bought AS step = 'purchase' AND item = viewed.item
  ) EMIT FINAL;

-- Each visitor once a day.
CREATE STREAM visitors WITH (STATE_TTL='1 DAY') AS
  SELECT user_id, variant FROM visits WHERE step = 'view'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ROWTIME GRACE PERIOD 1 MINUTE) = 1;

CREATE TABLE conversion AS
  SELECT variant, SUM(visited) AS visitors, SUM(bought) AS buyers, CAST(SUM(bought) AS DOUBLE) / SUM(visited) AS rate
  FROM (SELECT user_id, variant, 1 AS visited, 0 AS bought FROM visitors
        UNION ALL SELECT user_id, variant, 0 AS visited, 1 AS bought FROM funnels)
  GROUP BY variant;

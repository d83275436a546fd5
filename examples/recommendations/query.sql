-- What a user looked at in the last half hour, as one vector; and the candidates that are nearest to it.
CREATE STREAM views (user_id STRING KEY, item_id STRING, embedding ARRAY<DOUBLE>)
  WITH (KAFKA_TOPIC='views', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE STREAM candidates (user_id STRING KEY, item_id STRING, embedding ARRAY<DOUBLE>)
  WITH (KAFKA_TOPIC='candidates', VALUE_FORMAT='JSON', PARTITIONS=1);

CREATE STREAM interests AS
  SELECT user_id,
         NORMALIZE(VECTOR_AVG(embedding) OVER half_hour) AS interest,
         COUNT(*) OVER half_hour AS n
  FROM views
  WINDOW half_hour AS (PARTITION BY user_id ORDER BY ROWTIME RANGE BETWEEN INTERVAL '30' MINUTE PRECEDING AND CURRENT ROW)
  EMIT CHANGES;

CREATE TABLE interest_of AS
  SELECT user_id, LATEST_BY_OFFSET(interest) AS interest FROM interests GROUP BY user_id EMIT CHANGES;

CREATE STREAM scored AS
  SELECT c.user_id AS user_id, c.item_id AS item_id, ROUND(COSINE_SIMILARITY(i.interest, c.embedding), 4) AS score
  FROM candidates c JOIN interest_of i ON c.user_id = i.user_id
  EMIT CHANGES;

CREATE TABLE recommended WITH (KEY_FORMAT='JSON') AS
  SELECT user_id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY score DESC) AS place, item_id, score
  FROM scored
  QUALIFY place <= 2
  EMIT CHANGES;

"""Flink SQL over the topic of `bench generate`, for comparison with `bench kafka` on the same broker and cores.

    flink.py BROKERS TOPIC WORKLOAD [PARALLELISM [at_least_once|exactly_once]]

WORKLOAD is pattern, top-n or dedup: what bench/<workload>.sql (and pattern-final.sql) asks of Millrace. A local
mini-cluster reads the topic up to its end and writes the result to a topic of its own; the line printed at the end has
the seconds of the job as Flink counts them, from its start to its end, and the CPU seconds of the JVM since its start.

Needs `pip install apache-flink==2.3.0` (Python up to 3.11), Java 17, and in FLINK_KAFKA_JAR the path of
org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2 from Maven Central
(`mvn dependency:copy -Dartifact=org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2 -DoutputDirectory=.`).
"""

import json
import os
import sys
import tempfile
import time

from pyflink.common import Configuration
from pyflink.java_gateway import get_gateway
from pyflink.table import EnvironmentSettings, TableEnvironment

brokers, topic, workload = sys.argv[1:4]
parallelism = sys.argv[4] if len(sys.argv) > 4 else "2"
exactly = len(sys.argv) > 5 and sys.argv[5] == "exactly_once"

WORKLOADS = {
    # The columns of the result, its primary key if it is a table, and the query.
    "pattern": (
        "k STRING, began BIGINT, n BIGINT, from_country STRING, amount DOUBLE, country STRING",
        None,
        """SELECT * FROM events MATCH_RECOGNIZE (
             PARTITION BY k ORDER BY rt
             MEASURES FIRST(small.ts) AS began, COUNT(small.amount) AS n, LAST(small.country) AS from_country,
               big.amount AS amount, big.country AS country
             ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
             PATTERN (small{3,} big) WITHIN INTERVAL '1' HOUR
             DEFINE small AS small.amount < 100, big AS big.amount > 250 AND big.country <> LAST(small.country))""",
    ),
    "top-n": (
        "k STRING, place BIGINT, amount DOUBLE, merchant_id STRING",
        "k, place",
        """SELECT k, place, amount, merchant_id FROM (
             SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY amount DESC) AS place FROM events) WHERE place <= 3""",
    ),
    "dedup": (
        "k STRING, merchant_id STRING, amount DOUBLE",
        "k, merchant_id",
        """SELECT k, merchant_id, amount FROM (
             SELECT *, ROW_NUMBER() OVER (PARTITION BY k, merchant_id ORDER BY rt) AS n FROM events) WHERE n = 1""",
    ),
}
columns, key, query = WORKLOADS[workload]

conf = Configuration()
for name, value in {
    "parallelism.default": parallelism,
    "execution.checkpointing.interval": "1 s",
    "execution.checkpointing.mode": "EXACTLY_ONCE" if exactly else "AT_LEAST_ONCE",
    "execution.checkpointing.dir": "file://" + tempfile.mkdtemp(prefix="flink-bench-"),
    "state.backend.type": os.environ.get("FLINK_STATE", "rocksdb"),
    "taskmanager.memory.process.size": "3g",
    "taskmanager.memory.managed.size": "512m",
    "taskmanager.memory.network.max": "128m",
    "pipeline.jars": "file://" + os.path.abspath(os.environ["FLINK_KAFKA_JAR"]),
    "pipeline.object-reuse": "true",
    "table.exec.mini-batch.enabled": "true",
    "table.exec.mini-batch.allow-latency": "1 s",
    "table.exec.mini-batch.size": "20000",
    "table.exec.state.ttl": "1 d",
}.items():
    conf.set_string(name, value)
table = TableEnvironment.create(
    EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(conf).build()
)

out = f"flink_{workload}_{int(time.time() * 1000)}"
kafka = f"'properties.bootstrap.servers'='{brokers}'"
table.execute_sql(
    f"""CREATE TABLE events (k STRING, user_id STRING, event_type STRING, amount DOUBLE, merchant_id STRING, ts BIGINT,
          country STRING, device STRING, rt TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',
          WATERMARK FOR rt AS rt - INTERVAL '5' SECOND)
        WITH ('connector'='kafka', 'topic'='{topic}', {kafka}, 'properties.group.id'='{out}',
          'scan.startup.mode'='earliest-offset', 'scan.bounded.mode'='latest-offset', 'key.format'='raw',
          'key.fields'='k', 'value.format'='json', 'value.fields-include'='EXCEPT_KEY')"""
)
producer = f"'topic'='{out}', {kafka}, 'properties.linger.ms'='20', 'properties.batch.size'='262144'"
if exactly:
    producer += f""", 'sink.delivery-guarantee'='exactly-once', 'sink.transactional-id-prefix'='{out}',
      'properties.transaction.timeout.ms'='60000'"""
if key is None:
    table.execute_sql(
        f"""CREATE TABLE sink ({columns}) WITH ('connector'='kafka', {producer}, 'key.format'='raw', 'key.fields'='k',
              'value.format'='json', 'value.fields-include'='EXCEPT_KEY')"""
    )
else:
    table.execute_sql(
        f"""CREATE TABLE sink ({columns}, PRIMARY KEY ({key}) NOT ENFORCED)
            WITH ('connector'='upsert-kafka', {producer}, 'key.format'='json', 'value.format'='json')"""
    )

submitted = time.time()
result = table.execute_sql("INSERT INTO sink " + query)
result.wait()
waited = time.time() - submitted
seconds = result.get_job_client().get_job_execution_result().result().get_net_runtime() / 1000
pid = get_gateway().jvm.java.lang.ProcessHandle.current().pid()
with open(f"/proc/{pid}/stat", encoding="utf8") as file:
    fields = file.read().rsplit(")", 1)[1].split()
cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
print(
    json.dumps(
        {
            "engine": "flink",
            "workload": workload,
            "guarantee": "exactly_once" if exactly else "at_least_once",
            "threads": int(parallelism),
            "seconds": round(seconds, 2),
            "with_submission": round(waited, 2),
            "cpu_s": round(cpu, 1),
            "sink": out,
        }
    )
)

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

// Settings of ksqlDB, Kafka Streams and Kafka's clients that concern their implementation and have no meaning here.
const ksqldb = words(`
  ksql.connect.request.timeout.ms ksql.connect.worker.config
  ksql.create.topic.inherit.source.replicas.enabled ksql.deployment.type ksql.endpoint.logging.ignored.paths.regex
  ksql.endpoint.logging.log.queries ksql.error.classifier.regex ksql.heartbeat.check.interval.ms
  ksql.heartbeat.discover.interval.ms ksql.heartbeat.enable ksql.heartbeat.missed.threshold.ms
  ksql.heartbeat.send.interval.ms ksql.heartbeat.thread.pool.size ksql.heartbeat.window.ms
  ksql.idle.connection.timeout.seconds ksql.internal.listener ksql.internal.topic.min.insync.replicas
  ksql.json_sr.converter.deserializer.enabled ksql.lag.reporting.enable ksql.lag.reporting.send.interval.ms
  ksql.local.commands.location ksql.logging.processing.stream.auto.create
  ksql.logging.processing.stream.name ksql.logging.processing.topic.auto.create ksql.logging.processing.topic.name
  ksql.logging.processing.topic.partitions ksql.logging.processing.topic.replication.factor
  ksql.logging.server.rate.limited.request.paths ksql.logging.server.rate.limited.response.codes
  ksql.metadata.backup.location ksql.metastore.backup.location ksql.metrics.extension ksql.metrics.tags.custom
  ksql.new.query.planner.enabled ksql.persistent.prefix ksql.plugins.rocksdb.cache.limit.strict
  ksql.plugins.rocksdb.cache.size ksql.plugins.rocksdb.compaction.style ksql.plugins.rocksdb.max.background.jobs
  ksql.plugins.rocksdb.num.background.threads ksql.plugins.rocksdb.num.write.buffers
  ksql.plugins.rocksdb.write.buffer.size ksql.properties.overrides.validation.mode
  ksql.query.cleanup.shutdown.timeout.ms ksql.query.error.max.queue.size ksql.query.pull.cancel.on.disconnect.enabled
  ksql.query.pull.consistency.token.enabled ksql.query.pull.coordinator.queue.capacity
  ksql.query.pull.interpreter.enabled
  ksql.query.pull.metrics.enabled ksql.query.pull.router.queue.capacity ksql.query.pull.router.thread.pool.size
  ksql.query.pull.thread.pool.size ksql.query.push.v2.alos.enabled ksql.query.push.v2.catchup.consumer.msg.window
  ksql.query.push.v2.continuation.tokens.enabled ksql.query.push.v2.interpreter.enabled
  ksql.query.push.v2.latest.reset.age.ms ksql.query.push.v2.max.catchup.consumers ksql.query.push.v2.metrics.enabled
  ksql.query.push.v2.new.latest.delay.ms ksql.query.push.v2.registry.installed ksql.query.retry.backoff.initial.ms
  ksql.query.retry.backoff.max.ms ksql.query.status.running.threshold.seconds ksql.runtime.feature.shared.enabled
  ksql.server.command.blocked.threshold.error.ms
  ksql.server.command.topic.rate.limit.timeout ksql.server.error.messages ksql.server.install.dir
  ksql.server.precondition.max.backoff.ms ksql.server.preconditions ksql.server.websockets.num.threads
  ksql.shared.runtimes.count ksql.shutdown.timeout.ms ksql.sink.window.change.log.additional.retention
  ksql.transient.prefix ksql.transient.query.cleanup.service.enable
  ksql.transient.query.cleanup.service.initial.delay.seconds ksql.transient.query.cleanup.service.period.seconds
  ksql.udf.collect.metrics ksql.verticle.instances ksql.websocket.connection.max.timeout.ms
  ksql.websockets.num.threads ksql.worker.pool.size query.stream.disconnect.check
`);

const streams = words(`
  acceptable.recovery.lag application.id application.server buffered.records.per.partition built.in.metrics.version
  client.id default.client.supplier default.deserialization.exception.handler default.dsl.store default.key.serde
  default.list.key.serde.inner default.production.exception.handler default.timestamp.extractor default.value.serde
  deserialization.exception.handler dsl.store.suppliers.class enable.metrics.push
  ensure.explicit.internal.resource.naming log.summary.interval.ms max.warmup.replicas metric.reporters
  metrics.num.samples metrics.recording.level metrics.sample.window.ms num.standby.replicas num.stream.threads poll.ms
  probing.rebalance.interval.ms processing.exception.handler production.exception.handler
  rack.aware.assignment.strategy repartition.purge.interval.ms rocksdb.config.setter shutdown.timeout.ms
  state.cleanup.delay.ms task.assignor.class task.timeout.ms topology.optimization upgrade.from window.size.ms
  windowed.inner.class.serde windowstore.changelog.additional.retention.ms
`);

/** Settings of the consumers, producers and admin clients, and of internal topics. */
const clients = words(`
  acks allow.auto.create.topics auto.commit.interval.ms batch.size buffer.memory check.crcs client.dns.lookup
  client.rack compression.gzip.level compression.lz4.level compression.type compression.zstd.level
  connections.max.idle.ms default.api.timeout.ms delivery.timeout.ms enable.auto.commit enable.idempotence
  exclude.internal.topics fetch.max.bytes fetch.max.wait.ms fetch.min.bytes group.id group.instance.id group.protocol
  group.remote.assignor heartbeat.interval.ms interceptor.classes isolation.level key.deserializer key.serializer
  linger.ms max.block.ms max.in.flight.requests.per.connection max.partition.fetch.bytes max.poll.interval.ms
  max.poll.records max.request.size metadata.max.age.ms metadata.max.idle.ms partition.assignment.strategy
  partitioner.adaptive.partitioning.enable partitioner.availability.timeout.ms partitioner.class
  partitioner.ignore.keys receive.buffer.bytes reconnect.backoff.max.ms reconnect.backoff.ms request.timeout.ms
  retries retry.backoff.max.ms retry.backoff.ms send.buffer.bytes
  socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms transaction.timeout.ms transactional.id
  value.deserializer value.serializer
`);

/** All settings that are accepted with a warning. */
const known: ReadonlySet<string> = new Set([...ksqldb, ...streams, ...clients]);
/** The names that are accepted with a warning, without prefixes. */
export const namesWithoutMeaning: readonly string[] = [...known].sort();

/** `topic.` is the prefix for Kafka Streams' internal topics; names that begin with `__` are its internal switches. */
export const isWithoutMeaning = (name: string): boolean => known.has(name) || /^topic\.[a-z]|^__.*__$/.test(name);

/**
 * Settings whose value is fixed here: another value is refused, because it would have no effect. An empty list refuses every
 * value.
 */
export const onlyValues: Readonly<Record<string, readonly string[]>> = {
  'ksql.access.validator.enable': ['auto', 'off'],
  'ksql.cast.strings.preserve.nulls': ['true'],
  'ksql.functions.substring.legacy.args': ['false'],
  'ksql.hidden.topics': [],
  'ksql.nested.error.set.null': ['true'],
  'ksql.properties.overrides.allowlist': [],
  'ksql.properties.overrides.denylist': [],
  'ksql.query.persistent.max.bytes.buffering.total': ['-1'],
  'ksql.query.pull.max.allowed.offset.lag': ['9223372036854775807'],
  'ksql.query.pull.max.concurrent.requests': ['2147483647'],
  'ksql.query.pull.max.hourly.bandwidth.megabytes': ['2147483647'],
  'ksql.query.pull.max.qps': ['2147483647'],
  'ksql.query.push.v2.max.hourly.bandwidth.megabytes': ['2147483647'],
  'ksql.query.transient.max.bytes.buffering.total': ['-1'],
  'ksql.readonly.topics': [],
  'ksql.rowpartition.rowoffset.enabled': ['true'],
  'ksql.server.command.topic.rate.limit': [],
  'ksql.source.table.materialization.enabled': ['true'],
  'ssl.enabled.protocols': ['tlsv1.2,tlsv1.3', 'tlsv1.3,tlsv1.2'],
  'ssl.keystore.type': ['pem', 'pkcs12'],
  'ssl.truststore.type': ['pem'],
  'ksql.suppress.buffer.size.bytes': ['-1'],
  'ksql.udfs.enabled': ['true'],
};

/** Settings about access or secrets: refused unless Millrace implements them, never just ignored with a warning. */
export const isSecurity = (name: string): boolean =>
  /(^|\.)(ssl|tls|sasl|security|auth|authentication|authorization|access|cors|oauth\w*|jwt|jwks|keystore|truststore|kerberos|principal|acls?|roles?|users?)(\.|$)|(^|\.)(jaas|password|passphrase|secrets?|credentials|token|api\.key)(\.|$)|audit/.test(
    name,
  );

/** Options of a WITH clause that one may look for, and why there are none. */
export const absentOptions: ReadonlyMap<string, string> = new Map([
  ['VECTOR_INDEX', 'the nearest rows are found in memory without an index, and exactly: docs/vectors.md'],
]);

#!/usr/bin/env bash
# A single-node Kafka broker, a Kafka Connect worker or a schema registry for tests, without Docker: needs Java 17 and Maven.
# usage: broker.sh start PORT FOLDER | connect PORT FOLDER BROKERS | registry PORT FOLDER | stop FOLDER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
libs=${MILLRACE_BROKER_LIBS:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace-broker}
registry_version=3.0.9
done_file=$libs/.done-$(cksum <"$here/pom.xml" | cut -d' ' -f1)
install() {
  [ -f "$done_file" ] && return
  mkdir -p "$libs"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$libs" -DincludeScope=runtime >&2
  touch "$done_file"
}
await() { # await PORT WHAT LOG
  for _ in $(seq 120); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.5
  done
  echo "the $2 did not start: $3" >&2
  exit 1
}
case "${1:-}" in
  start)
    port=$2 folder=$3
    install
    mkdir -p "$folder"
    cat > "$folder/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$folder/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# Tests write records of 1970, which retention would delete.
log.retention.ms=-1
P
    java -cp "$libs/*" kafka.tools.StorageTool format --ignore-formatted -t AAAAAAAAAAAAAAAAAAAAAA -c "$folder/server.properties" >/dev/null 2>&1
    setsid nohup java -Xms256m -Xmx512m -cp "$libs/*" kafka.Kafka "$folder/server.properties" >"$folder/broker.log" 2>&1 </dev/null &
    echo $! > "$folder/pid"
    await "$port" broker "$folder/broker.log"
    sleep 2 ;;
  connect)
    port=$2 folder=$3
    install
    mkdir -p "$folder"
    cat > "$folder/worker.properties" <<P
bootstrap.servers=$4
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
offset.storage.file.filename=$folder/offsets
offset.flush.interval.ms=1000
listeners=http://127.0.0.1:$port
P
    setsid nohup java -Xms64m -Xmx256m -cp "$libs/*" org.apache.kafka.connect.cli.ConnectStandalone "$folder/worker.properties" >"$folder/connect.log" 2>&1 </dev/null &
    echo $! > "$folder/pid"
    await "$port" worker "$folder/connect.log" ;;
  registry)
    port=$2 folder=$3
    app=$libs/apicurio-registry-app-$registry_version
    if [ ! -f "$app/.done" ]; then
      mkdir -p "$app"
      mvn -q -B dependency:copy -Dartifact="io.apicurio:apicurio-registry-app:$registry_version:tar.gz:all" -DoutputDirectory="$app" >&2
      tar xzf "$app"/*.tar.gz -C "$app" && rm "$app"/*.tar.gz
      touch "$app/.done"
    fi
    mkdir -p "$folder"
    setsid nohup java -Xms64m -Xmx512m -Dquarkus.http.port="$port" -Dquarkus.http.host=127.0.0.1 \
      -jar "$app/apicurio-registry-app-$registry_version-runner.jar" >"$folder/registry.log" 2>&1 </dev/null &
    echo $! > "$folder/pid"
    await "$port" registry "$folder/registry.log" ;;
  stop)
    [ -f "$2/pid" ] || exit 0
    kill "$(cat "$2/pid")" 2>/dev/null || true ;;
  *) sed -n 3p "$0" >&2; exit 2 ;;
esac

#!/usr/bin/env bash
# A single-node Kafka broker, a Kafka Connect worker or a schema registry for tests, without Docker: needs Java 17 and Maven.
# usage: broker.sh start PORT FOLDER [PROXY-PORT:PORT…] | secure FOLDER JWKS-URL PORT PORT PORT PORT PORT | connect PORT FOLDER BROKERS | registry PORT FOLDER | stop FOLDER
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
  for _ in $(seq 400); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.5
  done
  echo "the $2 did not start: $3" >&2
  exit 1
}
run_broker() { # run_broker PORT FOLDER FORMAT-OPTIONS…: with the server.properties there
  local port=$1 folder=$2; shift 2
  java -cp "$libs/*" kafka.tools.StorageTool format --ignore-formatted -t AAAAAAAAAAAAAAAAAAAAAA -c "$folder/server.properties" "$@" >"$folder/format.log" 2>&1 ||
    { cat "$folder/format.log" >&2; exit 1; }
  setsid nohup java -Xms256m -Xmx512m ${allowed:+-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=$allowed} \
    -cp "$libs/*" kafka.Kafka "$folder/server.properties" >"$folder/broker.log" 2>&1 </dev/null &
  echo $! > "$folder/pid"
  await "$port" broker "$folder/broker.log"
}
certificate() { # certificate NAME SUBJECT EXTENSIONS: signed by the folder's authority
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" -extfile <(echo "$3") 2>/dev/null
}
case "${1:-}" in
  start)
    port=$2 folder=$3
    shift 3
    listeners='' advertised='' protocols='' # of those who come through a proxy, and are told to come again through it
    for link in "$@"; do
      listeners+=,LINK_${link%:*}://127.0.0.1:${link#*:}
      advertised+=,LINK_${link%:*}://127.0.0.1:${link%:*}
      protocols+=,LINK_${link%:*}:PLAINTEXT
    done
    install
    mkdir -p "$folder"
    cat > "$folder/server.properties" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1))$listeners
advertised.listeners=PLAINTEXT://127.0.0.1:$port$advertised
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT$protocols
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
    run_broker "$port" "$folder"
    sleep 2 ;;
  secure) # SASL, TLS and ACLs: secure.properties. ca.crt and client.crt with client.key are left in the folder.
    folder=$2 jwks=$3
    shift 3
    install
    mkdir -p "$folder"
    (
      cd "$folder"
      openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout ca.key -out ca.crt -subj '/CN=test authority' 2>/dev/null
      certificate broker /CN=localhost 'subjectAltName=DNS:localhost'
      certificate client /CN=mutual 'extendedKeyUsage=clientAuth'
      cat broker.key broker.crt > broker.pem
    )
    sed -e "s|FOLDER|$folder|g; s|JWKS|$jwks|; s|PORT_1|$1|g; s|PORT_2|$2|g; s|PORT_3|$3|g; s|PORT_4|$4|g; s|PORT_5|$5|g" \
      "$here/secure.properties" > "$folder/server.properties"
    allowed=$jwks
    run_broker "$2" "$folder" --add-scram 'SCRAM-SHA-256=[name=scram256,password=scram256-secret]' \
      --add-scram 'SCRAM-SHA-512=[name=scram512,password=scram512-secret]' ;;
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
    pid=$(cat "$2/pid")
    kill "$pid" 2>/dev/null || exit 0
    # Its folder is removed next, or another one is started over it: it must not write any more.
    for _ in $(seq 300); do
      case $(ps -o stat= -p "$pid") in '' | Z*) exit 0 ;; esac
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    sleep 1 ;;
  *) sed -n 3p "$0" >&2; exit 2 ;;
esac

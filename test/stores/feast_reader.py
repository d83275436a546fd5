"""Reads entities by Feast's own Redis online store, writes one more, and prints what it read as JSON."""
import json
import sys
import warnings
from datetime import datetime, timedelta, timezone

warnings.filterwarnings("ignore")
from feast import Entity, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.type_map import feast_value_type_to_python_type
from feast.types import Bool, Bytes, Float64, Int32, Int64, String, UnixTimestamp

address, project = sys.argv[1:]
types = dict(n=Int64, i=Int32, x=Float64, b=Bool, s=String, y=Bytes, t=UnixTimestamp, ns=String, ss=String, d=String)
key = Entity(name="k", join_keys=["k"], value_type=ValueType.STRING)
count = Entity(name="c", join_keys=["c"], value_type=ValueType.INT64)
config = RepoConfig(
    project=project, provider="local", registry="none.db", entity_key_serialization_version=3,
    online_store=RedisOnlineStoreConfig(connection_string=address),
)
source = FileSource(path="none.parquet", timestamp_field="ts")


def view(name, entities, fields):
    schema = [Field(name=field, dtype=dtype) for field, dtype in fields.items()]
    return FeatureView(name=name, entities=entities, schema=schema, ttl=timedelta(days=365000), source=source)


def plain(value):
    found = feast_value_type_to_python_type(value)
    if isinstance(found, bytes):
        return found.hex()
    if isinstance(found, datetime):
        return int(found.timestamp())
    # JSON's readers round such an integer.
    return str(found) if isinstance(found, int) and abs(found) > 2**53 else found


store = RedisOnlineStore()
many = view("many", [key], types)
text = lambda k: EntityKey(join_keys=["k"], entity_values=[Value(string_val=k)])
asked = [text(k) for k in ["a", "é", "nulls", "none"]]
read = store.online_read(config, many, asked, list(types))
both = view("both", [key, count], dict(n=Int64))
pair = EntityKey(join_keys=["c", "k"], entity_values=[Value(int64_val=7), Value(string_val="a")])
read += store.online_read(config, both, [pair], ["n"])
print(json.dumps([
    None if time is None else [int(time.replace(tzinfo=timezone.utc).timestamp() * 1000), {name: plain(value) for name, value in row.items()}]
    for time, row in read
]))
written = {"n": Value(int64_val=77), "x": Value(double_val=0.25), "s": Value(string_val="feast")}
at = datetime.fromtimestamp(1_700_000_500, tz=timezone.utc)
store.online_write_batch(config, many, [(text("theirs"), written, at, at)], None)

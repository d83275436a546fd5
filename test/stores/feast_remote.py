"""Reads features by Feast's SDK with its `remote` online store, and prints what it got as JSON."""
import json
import sys
import tempfile
import warnings
from datetime import timedelta
from pathlib import Path

warnings.filterwarnings("ignore")
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array, Bool, Float64, Int64, String

[url] = sys.argv[1:]
folder = Path(tempfile.mkdtemp())
user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
fields = dict(total=Float64, payments=Int64, last_shop=String, is_new=Bool, shops=Array(String))
view = FeatureView(
    name="spending", entities=[user], ttl=timedelta(days=365000),
    schema=[Field(name="user_id", dtype=Int64)] + [Field(name=name, dtype=dtype) for name, dtype in fields.items()],
    source=FileSource(path=str(folder / "none.parquet"), timestamp_field="ts"),
)
service = FeatureService(name="fraud", features=[view])
config = RepoConfig(
    project="shop", provider="local", registry=str(folder / "registry.db"), entity_key_serialization_version=3,
    online_store={"type": "remote", "path": url},
)
store = FeatureStore(config=config)
users = [9007199254740993, 2, 3]
rows = [{"user_id": each} for each in users]
asked = [f"spending:{name}" for name in fields]


def told(response):
    names = response.proto.metadata.feature_names.val
    statuses = {name: list(vector.statuses) for name, vector in zip(names, response.proto.results)}
    # JSON's readers round such an integer.
    values = {name: [str(each) if name == "user_id" else each for each in list_] for name, list_ in response.to_dict().items()}
    return {"values": values, "statuses": statuses}


paid = [{**row, "amount": amount} for row, amount in zip(rows, [5.0, 1.0, 1.0])]
keys = [EntityKey(join_keys=["user_id"], entity_values=[Value(int64_val=each)]) for each in users]
read = store._get_provider().online_store.online_read(config, view, keys, ["payments", "last_shop"])
print(json.dumps([
    told(store.get_online_features(features=asked, entity_rows=rows)),
    told(store.get_online_features(features=asked[:2], entity_rows=rows, full_feature_names=True)),
    told(store.get_online_features(features=service, entity_rows=paid)),
    [{name: value.WhichOneof("val") for name, value in features.items()} for _, features in read],
]))
try:
    store.get_online_features(features=["nothing:total"], entity_rows=rows)
except Exception as error:
    print(json.dumps(str(error)))

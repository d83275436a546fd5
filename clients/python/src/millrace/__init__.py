"""A client of Millrace, by its HTTP API and with nothing but Python's own library.

>>> import millrace
>>> client = millrace.connect("http://127.0.0.1:8088")
>>> client.execute("CREATE STREAM clicks (user_id STRING KEY, page STRING) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON', PARTITIONS=1);")
>>> client.insert("clicks", [{"user_id": "ann", "page": "/cart"}])
>>> for row in client.query("SELECT * FROM clicks;"):
...     print(row["user_id"], row["page"])
"""

from .client import Client, connect
from .errors import ConnectError, InsertError, MillraceError, ServerError
from .features import OnlineFeatures
from .literals import literal
from .rows import Column, Row, Rows
from .training import TrainingSet

__version__ = "0.1.0"

__all__ = [
    "Client",
    "Column",
    "ConnectError",
    "InsertError",
    "MillraceError",
    "OnlineFeatures",
    "Row",
    "Rows",
    "ServerError",
    "TrainingSet",
    "connect",
    "literal",
]

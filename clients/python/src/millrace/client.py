"""The client."""

from __future__ import annotations

import json
import re
import ssl
from itertools import islice
from types import TracebackType
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Type

from .errors import InsertError
from .features import OnlineFeatures, lists_of, request_of
from .http import Transport
from .literals import bind
from .rows import Rows
from .training import TrainingSet
from .types import to_json

#: How many rows a request of ``insert`` has: few enough that their answers fit in the connection's buffers.
_ROWS_A_REQUEST = 500

_LINES = "application/vnd.ksqlapi.delimited.v1"
_SET_NAME = re.compile(r"\bTRAINING\s+SET\s+(?:IF\s+NOT\s+EXISTS\s+)?(`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|\w+)", re.IGNORECASE)


class Client:
    """One server. Several threads may use a client; ``connect`` says what it takes."""

    def __init__(self, transport: Transport, properties: Optional[Mapping[str, Any]] = None) -> None:
        self._transport = transport
        #: What SET would say, for every statement; ``{"auto.offset.reset": "earliest"}`` reads streams from their beginning.
        self.properties: Dict[str, Any] = dict(properties or {})

    @property
    def url(self) -> str:
        return self._transport.url

    def info(self) -> Dict[str, Any]:
        """The version and state of the server."""
        body: Dict[str, Any] = json.loads(self._transport.send("/info", repeatable=True).text())
        info: Dict[str, Any] = body["KsqlServerInfo"]
        return info

    def execute(
        self, sql: str, params: Optional[Mapping[str, Any]] = None, *, properties: Optional[Mapping[str, Any]] = None
    ) -> List[Dict[str, Any]]:
        """
        Runs statements that are no queries, one after the other; what each answered. ``:name`` in a statement is the value of ``name``
        in ``params``. Where one fails those before it have run.
        """
        answer = self._transport.send("/ksql", self._body("ksql", sql, params, properties))
        entities: List[Dict[str, Any]] = json.loads(answer.text())
        return entities

    def query(
        self, sql: str, params: Optional[Mapping[str, Any]] = None, *, properties: Optional[Mapping[str, Any]] = None
    ) -> Rows:
        """
        The rows of a SELECT as an iterator, whose ``columns`` are known at once. With EMIT CHANGES they come as they arise: use it as a
        context manager, or ``close`` it, to end the query.
        """
        body = self._body("sql", sql, params, properties)
        return Rows(self._transport.send("/query-stream", body, accept=_LINES, repeatable=True, endless=True))

    def insert(self, target: str, rows: Any) -> int:
        """
        Inserts rows into a stream or table: dictionaries by column, or a pandas DataFrame. Returns how many. A row that is refused
        raises InsertError, whose ``inserted`` says how many were written before it.
        """
        inserted = 0
        remaining = _records(rows)
        while True:
            batch = list(islice(remaining, _ROWS_A_REQUEST))
            if not batch:
                return inserted
            lines = [{"target": target}, *({str(name): to_json(value) for name, value in row.items()} for row in batch)]
            data = "\n".join(json.dumps(line, allow_nan=False) for line in lines).encode("utf-8")
            for text in self._transport.send("/inserts-stream", raw=data, accept=_LINES).lines():
                answer = json.loads(text)
                if answer.get("status") != "ok":
                    raise InsertError(200, answer, inserted)
                inserted += 1

    def get_online_features(
        self,
        features: Optional[Sequence[str]] = None,
        entities: Optional[Mapping[str, Any]] = None,
        *,
        feature_service: Optional[str] = None,
        entity_rows: Optional[Sequence[Mapping[str, Any]]] = None,
        request_data: Optional[Mapping[str, Any]] = None,
        full_feature_names: bool = False,
    ) -> OnlineFeatures:
        """
        The newest features of entities: ``features`` is a list of ``view:feature``, or ``feature_service`` the name of a feature
        service. ``entities`` has a list of values for each key (or one value), ``entity_rows`` a dictionary for each entity, as
        Feast's does. ``request_data`` is what the REQUEST of a service takes, in the same form as ``entities``.
        """
        body = request_of(features, feature_service, entities, entity_rows, full_feature_names)
        lists = {"entities": body["entities"], **({} if request_data is None else {"request_data": lists_of(request_data)})}
        for part, columns in lists.items():
            body[part] = {key: [to_json(value) for value in values] for key, values in columns.items()}
        return OnlineFeatures(json.loads(self._transport.send("/get-online-features", body, repeatable=True).text()))

    def create_training_set(self, sql: str, params: Optional[Mapping[str, Any]] = None) -> TrainingSet:
        """Runs CREATE TRAINING SET, which answers at once; ``to_pandas`` and ``to_arrow`` wait for the rows."""
        name = _SET_NAME.search(sql)
        if name is None:
            raise ValueError("the statement is no CREATE TRAINING SET")
        self.execute(sql, params)
        return self.training_set(name.group(1))

    def training_set(self, name: str) -> TrainingSet:
        """A training set that is there, or is being made."""
        return TrainingSet(self, name)

    def close(self) -> None:
        """Closes the connections; queries that still run are ended by their own ``close``."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _body(
        self, field: str, sql: str, params: Optional[Mapping[str, Any]], properties: Optional[Mapping[str, Any]]
    ) -> Dict[str, Any]:
        return {
            field: sql if params is None else bind(sql, params),
            "streamsProperties": {**self.properties, **(properties or {})},
        }


def connect(
    url: str = "http://127.0.0.1:8088",
    *,
    user: Optional[str] = None,
    password: Optional[str] = None,
    token: Optional[str] = None,
    ca: Optional[str] = None,
    cert: Optional[str] = None,
    key: Optional[str] = None,
    context: Optional[ssl.SSLContext] = None,
    timeout: Optional[float] = 60.0,
    properties: Optional[Mapping[str, Any]] = None,
) -> Client:
    """
    A client of the server at an address. ``user`` and ``password`` for HTTP basic, or ``token`` for a bearer's. Over https ``ca`` is a
    file of authorities to trust in place of the system's, ``cert`` and ``key`` are files with the client's own certificate; or give a
    ``context``. ``timeout`` is in seconds, for connecting and for answers of statements; rows of queries may take any time.
    Nothing is sent yet: ``info()`` tells whether the server is there.
    """
    if context is None and (ca is not None or cert is not None):
        context = ssl.create_default_context(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert, key)
    return Client(Transport(url, user, password, token, context, timeout), properties)


def _records(rows: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(rows, Mapping):
        raise TypeError("rows is a list of dictionaries; for one row give [row]")
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # a DataFrame, whose missing values are NaN or NaT
        return iter(rows.astype(object).where(rows.notna(), None).to_dict("records"))
    found: Iterable[Mapping[str, Any]] = rows
    return iter(found)

"""The rows of a query, as they come."""

from __future__ import annotations

import decimal
import json
from types import TracebackType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Type

from .errors import MillraceError, ServerError
from .http import Answer
from .types import Convert, arrow_type, converter, parse_type


class Column(NamedTuple):
    """A column of a query's rows."""

    name: str
    #: As SQL has it, such as ``ARRAY<DECIMAL(4, 2)>``.
    type: str


class Row(Tuple[Any, ...]):
    """A tuple whose values have names too: ``row[0]``, ``row["user_id"]``. Names match in any case."""

    __slots__ = ()
    _names: Tuple[str, ...] = ()
    _places: Dict[str, int] = {}

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, str):
            return super().__getitem__(place)
        found = self._places.get(place)
        if found is None:
            found = self._places.get(place.upper())
        if found is None:
            raise KeyError(f"no column {place!r}; there are {', '.join(self._names)}")
        return super().__getitem__(found)

    def as_dict(self) -> Dict[str, Any]:
        return dict(zip(self._names, self))

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={value!r}' for name, value in zip(self._names, self))})"


class Rows(Iterator[Row]):
    """
    The rows of a pull or push query. Those of a push query come until its LIMIT, or until ``close``, which another thread may call
    too; as a context manager it is closed at the end.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._lines = answer.lines()
        self._is_closed = False
        head = json.loads(next(self._lines))
        if "columnNames" not in head:
            raise ServerError(200, head)
        #: The id by which the server knows a push query.
        self.query_id: str = head.get("queryId") or ""
        #: The columns, known before the first row.
        self.columns: Tuple[Column, ...] = tuple(map(Column, head["columnNames"], head["columnTypes"]))
        self._types = [parse_type(text) for _, text in self.columns]
        converts = map(converter, self._types)
        self._converts: List[Tuple[int, Convert]] = [(i, each) for i, each in enumerate(converts) if each is not None]
        exact = any("DECIMAL" in text for _, text in self.columns)
        self._decoder = json.JSONDecoder(parse_float=decimal.Decimal) if exact else json.JSONDecoder()
        names = tuple(name for name, _ in self.columns)
        places = {name: i for i, name in reversed(list(enumerate(names)))}
        self._row: Type[Row] = type("Row", (Row,), {"__slots__": (), "_names": names, "_places": places})

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> Row:
        try:
            line = next(self._lines)
        except MillraceError:
            if self._is_closed:
                raise StopIteration from None
            raise
        values = self._decoder.decode(line)
        if isinstance(values, dict):
            self.close()
            raise ServerError(200, values)
        for i, convert in self._converts:
            if values[i] is not None:
                values[i] = convert(values[i])
        return self._row(values)

    def close(self) -> None:
        """Ends the query; rows that were not read are dropped."""
        self._is_closed = True
        self._answer.abort()

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def to_pandas(self) -> Any:
        """All rows as a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(list(self), columns=[name for name, _ in self.columns])

    def to_arrow(self) -> Any:
        """All rows as a pyarrow Table, typed by the columns' SQL types."""
        import pyarrow

        columns = list(zip(*self)) or [()] * len(self.columns)
        return pyarrow.table(
            [pyarrow.array(values, type=arrow_type(kind)) for values, kind in zip(columns, self._types)],
            names=[name for name, _ in self.columns],
        )

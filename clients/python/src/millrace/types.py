"""SQL types as the server writes them, and the Python values of each."""

from __future__ import annotations

import base64
import datetime
import decimal
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

#: Makes a Python value of one of JSON that is not null.
Convert = Callable[[Any], Any]

_TOKEN = re.compile(r"\s*(`(?:[^`]|``)*`|[A-Za-z_]\w*|\d+|[<>(),])")


class SqlType(NamedTuple):
    """A type: ``kind`` is its first word, ``parts`` the types within, of a STRUCT by ``names``; ``digits`` those of a DECIMAL."""

    kind: str
    parts: Tuple[SqlType, ...] = ()
    names: Tuple[str, ...] = ()
    digits: Tuple[int, ...] = ()


def parse_type(text: str) -> SqlType:
    """The type that a column's text names."""
    parsed, rest = _parse(_TOKEN.findall(text))
    if rest:
        raise ValueError(f"{text!r} is no SQL type")
    return parsed


def _parse(tokens: List[str]) -> Tuple[SqlType, List[str]]:
    kind, *rest = tokens
    if kind == "DECIMAL":
        return SqlType(kind, digits=(int(rest[1]), int(rest[3]))), rest[5:]
    if rest[:1] != ["<"]:
        return SqlType(kind), rest
    parts: List[SqlType] = []
    names: List[str] = []
    while rest[0] in ("<", ","):
        rest = rest[1:]
        if kind == "STRUCT":
            names.append(rest[0].strip("`").replace("``", "`"))
            rest = rest[1:]
        part, rest = _parse(rest)
        parts.append(part)
    return SqlType(kind, tuple(parts), tuple(names)), rest[1:]


def converter(sql_type: SqlType) -> Optional[Convert]:
    """How values of a type are read; None where JSON has them already."""
    if sql_type.kind == "ARRAY":
        return _list(converter(sql_type.parts[0]))
    if sql_type.kind == "MAP":
        return _map(converter(sql_type.parts[1]))
    if sql_type.kind == "STRUCT":
        return _struct({name: converter(part) for name, part in zip(sql_type.names, sql_type.parts)})
    return _PLAIN.get(sql_type.kind)


def arrow_type(sql_type: SqlType) -> Any:
    """The type that pyarrow has for it."""
    import pyarrow

    kind, parts = sql_type.kind, sql_type.parts
    if kind == "ARRAY":
        return pyarrow.list_(arrow_type(parts[0]))
    if kind == "MAP":
        # JSON has text as the keys of every map.
        return pyarrow.map_(pyarrow.string(), arrow_type(parts[1]))
    if kind == "STRUCT":
        return pyarrow.struct([(name, arrow_type(part)) for name, part in zip(sql_type.names, parts)])
    if kind == "DECIMAL":
        return pyarrow.decimal128(*sql_type.digits)
    return {
        "BOOLEAN": pyarrow.bool_,
        "INTEGER": pyarrow.int32,
        "BIGINT": pyarrow.int64,
        "DOUBLE": pyarrow.float64,
        "STRING": pyarrow.string,
        "BYTES": pyarrow.binary,
        "DATE": pyarrow.date32,
        "TIME": lambda: pyarrow.time32("ms"),
        "TIMESTAMP": lambda: pyarrow.timestamp("ms", tz="UTC"),
    }[kind]()


def timestamp(text: str) -> Any:
    """A TIMESTAMP in UTC; one before the year 1 or after 9999 stays text, because Python has none."""
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return text


def _date(text: str) -> Any:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return text


def _double(value: Any) -> float:
    # NaN and the infinities come as text, and where a row has decimals all numbers come as Decimal.
    return float(value)


def _decimal(value: Any) -> decimal.Decimal:
    return value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))


_PLAIN: Dict[str, Convert] = {
    "DOUBLE": _double,
    "DECIMAL": _decimal,
    "BYTES": base64.b64decode,
    "DATE": _date,
    "TIME": datetime.time.fromisoformat,
    "TIMESTAMP": timestamp,
}


def _list(item: Optional[Convert]) -> Optional[Convert]:
    if item is None:
        return None
    convert = item
    return lambda values: [None if value is None else convert(value) for value in values]


def _map(item: Optional[Convert]) -> Optional[Convert]:
    if item is None:
        return None
    convert = item
    return lambda entries: {key: None if value is None else convert(value) for key, value in entries.items()}


def _struct(fields: Dict[str, Optional[Convert]]) -> Optional[Convert]:
    converts = {name: convert for name, convert in fields.items() if convert is not None}
    if not converts:
        return None

    def read(struct: Dict[str, Any]) -> Dict[str, Any]:
        for name, convert in converts.items():
            if struct.get(name) is not None:
                struct[name] = convert(struct[name])
        return struct

    return read


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MILLISECOND = datetime.timedelta(milliseconds=1)


def milliseconds(moment: datetime.datetime) -> int:
    """Since 1970; a moment without a zone is one in UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.timezone.utc)
    return (aware - _EPOCH) // _MILLISECOND


def to_json(value: Any) -> Any:
    """A value of a row to insert, as the server reads it; times are numbers, as topics have them."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if value != value:
            return "NaN"
        return value if abs(value) != float("inf") else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, datetime.datetime):
        return None if value != value else milliseconds(value)  # NaT of pandas is not itself.
    if isinstance(value, datetime.date):
        return (value - _EPOCH.date()).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000 + value.microsecond // 1000
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    for method in ("item", "tolist"):  # NumPy's numbers and arrays
        if hasattr(value, method):
            try:
                return to_json(getattr(value, method)())
            except ValueError:
                continue
    raise TypeError(f"a {type(value).__name__} is no value of a column: {value!r}")

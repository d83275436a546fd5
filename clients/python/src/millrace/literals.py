"""Python values in SQL."""

from __future__ import annotations

import datetime
import decimal
import re
from typing import Any, Mapping

_PARTS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|--[^\n]*|/\*.*?\*/|::|:=|:(?P<name>[A-Za-z_]\w*)", re.DOTALL
)


def literal(value: Any) -> str:
    """A value as a SQL expression of its type."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return _signed(str(int(value)))
    if isinstance(value, float):
        if value != value or abs(value) == float("inf"):
            raise ValueError(f"{value} has no literal in SQL")
        text = repr(float(value))
        return _signed(text if "e" in text else f"{text}E0")
    if isinstance(value, decimal.Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no DECIMAL")
        return _signed(format(value, "f"))
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, (bytes, bytearray)):
        return f"TO_BYTES('{bytes(value).hex()}', 'hex')"
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo is None else value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return f"TIMESTAMP '{moment.isoformat(timespec='milliseconds')}'"
    if isinstance(value, datetime.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, datetime.time):
        return f"TIME '{value.isoformat(timespec='milliseconds')}'"
    if isinstance(value, Mapping):
        return "MAP(" + ", ".join(f"{literal(key)} := {literal(item)}" for key, item in value.items()) + ")"
    if isinstance(value, (list, tuple)):
        return "ARRAY[" + ", ".join(map(literal, value)) + "]"
    if hasattr(value, "item"):  # NumPy's numbers
        return literal(value.item())
    raise TypeError(f"a {type(value).__name__} has no literal in SQL: {value!r}")


def bind(sql: str, parameters: Mapping[str, Any]) -> str:
    """Puts literals in the places of ``:name``; strings, quoted names and comments stay as they are."""
    unused = set(parameters)

    def replace(match: re.Match[str]) -> str:
        name = match.group("name")
        if name is None:
            return match.group(0)
        if name not in parameters:
            raise KeyError(f":{name} has no value")
        unused.discard(name)
        return literal(parameters[name])

    bound = _PARTS.sub(replace, sql)
    if unused:
        raise KeyError(f":{sorted(unused)[0]} does not stand in the statement")
    return bound


def _signed(text: str) -> str:
    # Two minus signs would begin a comment.
    return f"({text})" if text.startswith("-") else text

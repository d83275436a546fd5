"""What can go wrong, told as the server tells it."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class MillraceError(Exception):
    """Any error of this client."""


class ConnectError(MillraceError):
    """No answer came: nobody listens there, the connection broke, or TLS failed."""


class ServerError(MillraceError):
    """An error that the server answered."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        def text(name: str) -> Optional[str]:
            value = body.get(name)
            return value if isinstance(value, str) else None

        #: The HTTP status; 200 for an error in the middle of a query's rows.
        self.status = status
        #: The name of the error, such as ``COLUMN_NOT_FOUND``.
        self.code = text("code")
        #: ksqlDB's number of it.
        self.error_code: Optional[int] = body.get("error_code")
        #: What to do about it.
        self.hint = text("hint")
        #: Where in the statement it is, from 1.
        self.line: Optional[int] = body.get("line")
        self.column: Optional[int] = body.get("column")
        #: The lines of the statement with a mark under the place.
        self.frame = text("frame")
        self.statement = text("statementText")
        message = text("message") or str(dict(body))
        if self.hint is not None and message.endswith(f". {self.hint}"):
            message = message[: -len(self.hint) - 2]
        #: What is wrong, without the hint.
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        head = self.message if self.code is None else f"{self.code}: {self.message}"
        return "\n".join(part for part in (head, self.frame, self.hint) if part)


class InsertError(ServerError):
    """A row that was refused. The rows before it are inserted, those after it are not."""

    def __init__(self, status: int, body: Mapping[str, Any], inserted: int) -> None:
        super().__init__(status, body)
        #: How many rows were inserted before.
        self.inserted = inserted

    def __str__(self) -> str:
        return f"row {self.inserted}: {super().__str__()}"

"""Requests over http.client, whose answers can be read as they come."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import threading
import time
from typing import Any, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import unquote, urlsplit

from .errors import ConnectError, ServerError

#: A connection that was idle for longer may be closed by the server at any time (after 5 s), and is not used again.
_IDLE_SECONDS = 3.0

_NETWORK = (OSError, http.client.HTTPException)


class Answer:
    """An answer whose body is read in pieces. Its connection is closed where the answer is not read to its end."""

    def __init__(
        self,
        transport: Transport,
        connection: http.client.HTTPConnection,
        sock: socket.socket,
        response: http.client.HTTPResponse,
    ) -> None:
        self._transport = transport
        self._connection: Optional[http.client.HTTPConnection] = connection
        self._sock = sock
        self._response = response
        self._lock = threading.Lock()

    def text(self) -> str:
        try:
            body = self._response.read()
        except _NETWORK as error:
            raise self._transport.broken(error) from error
        finally:
            self._finish()
        return body.decode("utf-8")

    def lines(self) -> Iterator[str]:
        """The lines of the body that are not empty, each as soon as it has come."""
        rest = b""
        try:
            while True:
                piece = self._response.read1(1 << 16)
                if piece == b"":
                    break
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if line != b"":
                        yield line.decode("utf-8")
            if rest != b"":
                yield rest.decode("utf-8")
        except _NETWORK as error:
            raise self._transport.broken(error) from error
        finally:
            self._finish()

    def abort(self) -> None:
        """Ends the connection where the answer is not read whole, also while another thread waits in ``lines``."""
        with self._lock:
            if self._connection is None:
                return
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It is closed already.

    def _finish(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.finish(connection, whole=self._response.isclosed())


class Transport:
    """The connections to one server. Several threads may use it."""

    def __init__(
        self,
        url: str,
        user: Optional[str],
        password: Optional[str],
        token: Optional[str],
        context: Optional[ssl.SSLContext],
        timeout: Optional[float],
    ) -> None:
        self._idle: List[Tuple[float, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"{url!r} is no address such as http://127.0.0.1:8088")
        if parts.username is not None and user is None:
            user, password = unquote(parts.username), unquote(parts.password or "")
        if token is not None and user is not None:
            raise ValueError("give a user or a token, not both")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 8088)
        self._path = parts.path.rstrip("/")
        self._tls = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"{parts.scheme}://{host}:{self._port}{self._path}"
        self.timeout = timeout
        self._headers = {"content-type": "application/json", "user-agent": "millrace-python"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        elif user is not None:
            pair = f"{user}:{password or ''}".encode("utf-8")
            self._headers["authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"

    def send(
        self,
        path: str,
        body: object = None,
        *,
        raw: Optional[bytes] = None,
        accept: Optional[str] = None,
        repeatable: bool = False,
        endless: bool = False,
    ) -> Answer:
        """
        Sends a request: a POST where there is a body, else a GET. An answer that is an error is raised. ``repeatable``: what may be
        sent twice, and so may go over a connection that was idle. ``endless``: the answer may be silent for any time.
        """
        data = raw if raw is not None else None if body is None else json.dumps(body).encode("utf-8")
        headers = dict(self._headers) if accept is None else {**self._headers, "accept": accept}
        method = "GET" if data is None else "POST"
        idle = self._take() if repeatable else None
        if idle is not None:
            try:
                return self._exchange(idle, method, path, data, headers, endless)
            except ConnectError:
                pass  # The server had closed it meanwhile.
        return self._exchange(self._new(), method, path, data, headers, endless)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        data: Optional[bytes],
        headers: Mapping[str, str],
        endless: bool,
    ) -> Answer:
        try:
            connection.request(method, self._path + path, body=data, headers=dict(headers))
            # After an answer that ends its connection the connection has no socket any more.
            sock: socket.socket = connection.sock
            response = connection.getresponse()
            sock.settimeout(None if endless and response.status < 300 else self.timeout)
        except _NETWORK as error:
            connection.close()
            raise self.broken(error) from error
        answer = Answer(self, connection, sock, response)
        if response.status >= 300:
            raise ServerError(response.status, _error_body(answer.text()))
        return answer

    def _new(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self.timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self.timeout, context=self._tls)

    def _take(self) -> Optional[http.client.HTTPConnection]:
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < _IDLE_SECONDS:
                    return connection
                connection.close()
        return None

    def finish(self, connection: http.client.HTTPConnection, whole: bool) -> None:
        """Keeps a connection for the next request where its answer was read whole."""
        if not whole or connection.sock is None:
            connection.close()
            return
        connection.sock.settimeout(self.timeout)
        with self._lock:
            self._idle.append((time.monotonic(), connection))

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def __del__(self) -> None:
        self.close()

    def broken(self, error: Exception) -> ConnectError:
        """What a failure of the network means."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return ConnectError(
                f"the certificate of {self.url} is not trusted: {error.verify_message}. "
                "Give the authority that signed it as ca=."
            )
        if isinstance(error, ssl.SSLError):
            return ConnectError(
                f"no TLS connection to {self.url}: {error}. It may want a client's certificate (cert=, key=), or speak http:// only."
            )
        if isinstance(error, ConnectionRefusedError) or isinstance(error, socket.gaierror):
            return ConnectError(f'no server answers at {self.url}. Start one with "millrace server", or give its address.')
        if isinstance(error, (socket.timeout, TimeoutError)):
            return ConnectError(f"{self.url} did not answer within {self.timeout} s (timeout=)")
        return ConnectError(f"the connection to {self.url} broke: {error or type(error).__name__}")


def _error_body(text: str) -> Mapping[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {"message": text.strip() or "an answer without a body"}
    return body if isinstance(body, dict) else {"message": text}

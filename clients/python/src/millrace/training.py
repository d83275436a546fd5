"""Training sets: rows with features as they were at the time of each."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Union

from .errors import MillraceError

if TYPE_CHECKING:
    import os

    from .client import Client

_STEP_SECONDS = 0.2


class TrainingSet:
    """A training set by its name, as SHOW TRAINING SETS tells of it."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name

    def status(self) -> Dict[str, Any]:
        """Its state, path and how many rows it has."""
        (entity,) = self._client.execute("SHOW TRAINING SETS;")
        sets: List[Dict[str, Any]] = entity["trainingSets"]
        wanted = self.name[1:-1] if self.name[:1] in ('"', "`") else self.name.upper()
        for found in sets:
            if found["name"] == wanted:
                return found
        raise MillraceError(f"there is no training set {self.name}; there are {', '.join(s['name'] for s in sets) or 'none'}")

    def wait(self, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Waits until it is made; its status then."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            status = self.status()
            if status["state"] == "DONE":
                return status
            if status["state"] in ("ERROR", "CANCELLED", "NOT MADE HERE"):
                raise MillraceError(f"training set {self.name} is {status['state']}: {status['error'] or 'its job ended'}")
            if end is not None and time.monotonic() > end:
                raise MillraceError(f"training set {self.name} is not made within {timeout} s: {status['rows']} rows yet")
            time.sleep(_STEP_SECONDS)

    def to_arrow(self, path: Optional[Union[str, os.PathLike[str]]] = None, timeout: Optional[float] = None) -> Any:
        """
        A pyarrow Table of its rows, once it is made. The files are read from the folder where the server wrote them; ``path`` is that
        folder where this machine has it elsewhere.
        """
        import pyarrow
        from pyarrow import parquet

        folder = Path(path if path is not None else self.wait(timeout)["path"])
        files = sorted(folder.glob("part-*.parquet"))
        if not files:
            raise MillraceError(f"{folder} has no part-*.parquet here; where this machine has the folder elsewhere, give path=")
        return pyarrow.concat_tables(parquet.ParquetFile(file).read() for file in files)

    def to_pandas(self, path: Optional[Union[str, os.PathLike[str]]] = None, timeout: Optional[float] = None) -> Any:
        """A pandas DataFrame of its rows; pyarrow reads them."""
        return self.to_arrow(path, timeout).to_pandas()

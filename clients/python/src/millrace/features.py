"""Features of entities as they are now."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from .types import timestamp


class OnlineFeatures:
    """The answer of ``Client.get_online_features``: a list of values for each entity's key and each feature."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        #: The keys of the entities, then the features.
        self.names: List[str] = list(body["metadata"]["feature_names"])
        self._results: List[Mapping[str, Any]] = list(body["results"])

    def _by_name(self, what: str) -> Dict[str, List[Any]]:
        return {name: list(result[what]) for name, result in zip(self.names, self._results)}

    def to_dict(self) -> Dict[str, List[Any]]:
        """Values by name, each in the order of the entities that were asked for."""
        return self._by_name("values")

    @property
    def statuses(self) -> Dict[str, List[str]]:
        """``PRESENT``, ``NULL_VALUE``, ``NOT_FOUND`` or ``OUTSIDE_MAX_AGE`` by name."""
        return self._by_name("statuses")

    @property
    def event_timestamps(self) -> Dict[str, List[Any]]:
        """When each value was true, by name."""
        return {
            name: [None if text is None else timestamp(str(text).rstrip("Z")) for text in texts]
            for name, texts in self._by_name("event_timestamps").items()
        }

    def to_pandas(self) -> Any:
        """A pandas DataFrame of one row an entity."""
        import pandas

        return pandas.DataFrame(self.to_dict())


def request_of(
    features: Optional[Sequence[str]],
    feature_service: Optional[str],
    entities: Optional[Mapping[str, Any]],
    entity_rows: Optional[Sequence[Mapping[str, Any]]],
    full_feature_names: bool,
) -> Dict[str, Any]:
    """The body of the request; a key that is no list is that of one entity."""
    if (features is None) == (feature_service is None):
        raise ValueError("give features=['view:feature', …] or feature_service='name'")
    if (entities is None) == (entity_rows is None):
        raise ValueError("give entities={'user_id': ['ann', …]} or entity_rows=[{'user_id': 'ann'}, …]")
    if isinstance(features, str):
        raise TypeError(f"features is a list of 'view:feature', such as [{features!r}]")
    if entity_rows is not None:
        keys = list(entity_rows[0]) if entity_rows else []
        entities = {key: [row[key] for row in entity_rows] for key in keys}
    assert entities is not None
    wanted: Dict[str, Any] = {"feature_service": feature_service} if features is None else {"features": list(features)}
    return {**wanted, "entities": lists_of(entities), "full_feature_names": full_feature_names}


def lists_of(columns: Mapping[str, Any]) -> Dict[str, List[Any]]:
    """Columns as lists; one value is a list of one."""
    return {key: list(values) if isinstance(values, (list, tuple)) else [values] for key, values in columns.items()}

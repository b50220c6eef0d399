"""Facts in the past tense, carrying ids; delivered after commit through the outbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class RecordEvent:
    """Something happened to records of a resource: `hse.incident.closed`, with their ids."""

    name: str
    ids: tuple[UUID, ...]


_handlers: dict[str, list[Callable[..., Any]]] = defaultdict(list)
_listeners: list[tuple[Callable[[str], bool], Callable[[RecordEvent], Any]]] = []
_types: dict[str, type] = {}


def name_of(fact: Any) -> str:
    """The name under which a fact travels: that of a record event, or the dotted path of its class."""
    if isinstance(fact, RecordEvent):
        return fact.name
    cls = fact if isinstance(fact, type) else type(fact)
    return f"{cls.__module__}.{cls.__qualname__}"


def subscribe(fact: type | str, handlers: Callable[..., Any] | Sequence[Callable[..., Any]]) -> None:
    """Call `handlers(fact)` for each fact of this type, or for each record event of this name, after it was committed."""
    name = fact if isinstance(fact, str) else name_of(fact)
    if isinstance(fact, type):
        _types[name] = fact
    for handler in handlers if isinstance(handlers, Sequence) else (handlers,):
        if handler not in _handlers[name]:
            _handlers[name].append(handler)


def listen(wanted: Callable[[str], bool], handler: Callable[[RecordEvent], Any]) -> None:
    """Call `handler(fact)` for record events of every name for which `wanted(name)` holds when they happen."""
    if (wanted, handler) not in _listeners:
        _listeners.append((wanted, handler))


def handlers_of(name: str) -> list[Callable[..., Any]]:
    """Who waits for a fact at this moment."""
    return [*_handlers.get(name, ()), *(handler for wanted, handler in _listeners if name not in _types and wanted(name))]


def handler_named(name: str, path: str) -> Callable[..., Any] | None:
    """Who was to hear of a fact when it happened."""
    every = (*_handlers.get(name, ()), *(handler for _wanted, handler in _listeners))
    return next((handler for handler in every if path_of(handler) == path), None)


def path_of(handler: Callable[..., Any]) -> str:
    """The name under which a handler is owed a fact."""
    return f"{handler.__module__}:{handler.__qualname__}"


def publish(fact: Any, to: Sequence[Callable[..., Any]] | None = None) -> None:
    """Say that something happened, to all who wait for it unless they were looked up. It leaves with the transaction: nothing is delivered
    before the commit, all of it after.
    """
    from app.kernel import outbox

    name = name_of(fact)
    for handler in handlers_of(name) if to is None else to:
        outbox.put("event", name, {"fact": pack(fact), "handler": path_of(handler)})


def pack(fact: Any) -> dict[str, Any]:
    """A fact as JSON-ready data: ids become text."""
    data = asdict(fact) if is_dataclass(fact) and not isinstance(fact, type) else dict(fact)
    return {key: _plain(value) for key, value in data.items()}


def unpack(name: str, data: dict[str, Any]) -> Any:
    """The fact that was packed."""
    cls = _types.get(name)
    if cls is None:
        return RecordEvent(name=data["name"], ids=tuple(UUID(i) for i in data["ids"]))
    hints = dict(getattr(cls, "__annotations__", {}))
    return cls(**{key: _typed(hints.get(key), value) for key, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    text = hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))
    if "UUID" in text and isinstance(value, str):
        return UUID(value)
    if "UUID" in text and isinstance(value, list):
        return tuple(UUID(v) for v in value)
    return value

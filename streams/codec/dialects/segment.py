"""Segment's spelling (also RudderStack, Jitsu, Customer.io Data Pipelines): the canonical form as well.

    {"messageId": "m-1", "type": "track", "event": "Report Exported", "userId": "u_1",
     "timestamp": "2026-11-20T09:12:44.120Z", "properties": {"format": "pdf"}}

One JSON object is one call. `track`, `page` and `screen` are named events; `identify` and `group` tell
something about the user and have no name; `alias` would merge two users. This is the hot path: msgspec checks
shape and types while it reads, and only what it cannot say is checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from stage_models.events import Event
from stage_models.instants import format_instant
from streams.codec.instants import read_instant
from streams.codec.records import BadRecord, Dropped

Outcome = Event | Dropped | BadRecord
Read = Callable[[bytes, int], Outcome]
"""From a record's value and its time (UTC milliseconds) to what it comes to."""

OUR_LIBRARY = "stagestream"
KINDS = ("track", "identify", "alias", "group", "page", "screen")
EVENT_NAMESPACE = uuid5(NAMESPACE_URL, "urn:stagestream:event")
"""The namespace of the ids that are given to events without one."""

_EARLIEST = read_instant("1971-01-01T00:00:00Z")
_NESTING = 32
_SHORT = 64  # characters: fit into 256 bytes in any case
_PAGE_NAMES = {"page": "Page Viewed", "screen": "Screen Viewed"}

_Id = str | int | None
_Time = str | int | float | None
_Object = dict[str, Any] | None


class _Context(msgspec.Struct, gc=False, rename="camel"):
    active: bool | None = None
    consent: _Object = None
    group_id: _Id = None
    library: Any = None
    traits: _Object = None


class _Call(msgspec.Struct, gc=False, rename="camel"):
    message_id: str | None = None
    type: str | None = None
    event: str | None = None
    user_id: _Id = None
    anonymous_id: _Id = None
    group_id: _Id = None
    timestamp: _Time = None
    original_timestamp: _Time = None
    sent_at: _Time = None
    received_at: _Time = None
    properties: _Object = None
    traits: _Object = None
    context: _Context | None = None
    name: Any = None  # of a page or screen; anything else may use the word as it likes


_decode = msgspec.json.Decoder(_Call).decode
_canonical = msgspec.json.Encoder(order="deterministic").encode


class _SchemaError(ValueError):
    """A field that breaks the contract; the text names the field, never its value."""


def reader(kinds: Collection[str], placeholders: Collection[str]) -> Read:
    """The function that reads a record which is known to be in this dialect.

    `kinds` are those that are switched on, `placeholders` the ids in lower case that stand for nobody.
    """
    return _reader(kinds, placeholders, is_known=True)


def auto_reader(kinds: Collection[str], placeholders: Collection[str]) -> Read:
    """As `reader`, but a record that does not have this shape is of an unknown dialect."""
    return _reader(kinds, placeholders, is_known=False)


def _reader(kinds: Collection[str], placeholders: Collection[str], is_known: bool) -> Read:
    on = frozenset(kinds)
    nobody = frozenset(placeholders)

    def read(value: bytes, record_time_ms: int) -> Outcome:
        try:
            call = _decode(value)
            if not is_known and (call.user_id is None or call.event is None) and not _is_ours(call):
                return _what_is_it(value, "")
            if value.count(b"{") + value.count(b"[") > _NESTING:
                _check_nesting(call)
            return _outcome(call, record_time_ms, on, nobody)
        except _SchemaError as error:
            return BadRecord("schema", str(error))
        except msgspec.ValidationError as error:
            return BadRecord("schema", str(error)) if is_known else _what_is_it(value, str(error))
        except msgspec.DecodeError as error:
            return BadRecord("unreadable", str(error))
        except UnicodeDecodeError:
            return BadRecord("unreadable", "not UTF-8")
        except RecursionError:
            return BadRecord("schema", f"nested deeper than {_NESTING} levels")

    return read


def _is_ours(call: _Call) -> bool:
    has_id = call.user_id is not None or call.message_id is not None or call.anonymous_id is not None
    return has_id and (call.event is not None or call.type in KINDS)


def _what_is_it(value: bytes, error: str) -> BadRecord:
    """A record that could not be read as a call: one with a mistake, a batch of calls, or something else."""
    try:
        fields = msgspec.json.decode(value, type=dict[str, msgspec.Raw]).keys()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BadRecord("unknown_dialect", "not a JSON object")
    if "batch" in fields:
        return BadRecord("needs_rekey", "a batch holds events of several users")
    if error and fields & {"messageId", "userId", "anonymousId"} and fields & {"type", "event"}:
        return BadRecord("schema", error)
    return BadRecord("unknown_dialect", "no known shape")


def _outcome(call: _Call, record_time_ms: int, on: frozenset[str], nobody: frozenset[str]) -> Outcome:
    kind = call.type or "track"
    if call.context is not None and _is_from_us(call.context):
        return Dropped("own_event")
    if kind not in on:
        return _not_on(kind)
    if kind == "alias":
        return Dropped("merge_off")
    user_id = call.user_id
    if user_id is None:
        return _without_user(call.anonymous_id, nobody)
    if not isinstance(user_id, str):
        user_id = str(user_id)
    if user_id.lower() in nobody:
        return BadRecord("placeholder_id", "userId: stands for nobody")
    if len(user_id) > _SHORT or not user_id.isprintable():
        _check_id("userId", user_id)
    return _event(call, kind, user_id, record_time_ms)


def _event(call: _Call, kind: str, user_id: str, record_time_ms: int) -> Event:
    event = Event(
        user_id=user_id,
        event_id=call.message_id or "",
        occurred_at=_occurred_at(call, record_time_ms),
        name=call.event if kind == "track" else _PAGE_NAMES.get(kind),
        kind=kind,
        properties=call.properties or {},
        traits=call.traits or {},
        received_at=record_time_ms if call.received_at is None else _instant("receivedAt", call.received_at),
    )
    if kind != "track":
        _tell_more(event, call)
    elif not call.event or len(call.event) > 200:
        raise _SchemaError("event: 1 to 200 characters expected")
    if call.context is not None:
        _take_context(event, call.context)
    if call.group_id is not None:
        event.group_id = _checked_group(call.group_id)
    if call.message_id is None:
        event.event_id = _made_up_id(event)
    elif not call.message_id or len(call.message_id) > 256:
        raise _SchemaError("messageId: 1 to 256 characters expected")
    return event


def _is_from_us(context: _Context) -> bool:
    return isinstance(context.library, dict) and context.library.get("name") == OUR_LIBRARY


def _not_on(kind: str) -> Dropped:
    if kind not in KINDS:
        raise _SchemaError(f"type: one of {', '.join(KINDS)} expected")
    return Dropped("kind_off")


def _without_user(anonymous_id: str | int | None, nobody: frozenset[str]) -> Dropped | BadRecord:
    if anonymous_id is None or str(anonymous_id).lower() in nobody:
        return BadRecord("no_user", "neither userId nor anonymousId")
    return Dropped("anonymous")


def _tell_more(event: Event, call: _Call) -> None:
    """What the other kinds say besides: a page has a name of its own, a group's traits are not the user's."""
    if event.kind in _PAGE_NAMES:
        if isinstance(call.name, str):
            event.properties["name"] = call.name
    elif event.kind == "group":
        event.traits = {}


def _take_context(event: Event, context: _Context) -> None:
    if context.traits:
        event.traits = context.traits | event.traits
    if context.active is not None:
        event.is_active = context.active
    if context.group_id is not None:
        event.group_id = _checked_group(context.group_id)
    if context.consent:
        event.consent = _consent(context.consent)


def _consent(written: dict[str, Any]) -> dict[str, bool]:
    """Channel -> yes or no. Segment's consent tools wrap the channels in `categoryPreferences`."""
    channels = written.get("categoryPreferences", written)
    if not isinstance(channels, dict) or not all(isinstance(given, bool) for given in channels.values()):
        raise _SchemaError("context.consent: true or false expected for every channel")
    return channels


def _occurred_at(call: _Call, record_time_ms: int) -> int:
    if call.timestamp is not None:
        try:
            at = read_instant(call.timestamp)
        except ValueError:
            raise _no_instant("timestamp") from None
    elif call.original_timestamp is not None and call.sent_at is not None and call.received_at is not None:
        # The sender's clock may be wrong, but the time between its happening and its sending is right.
        age = _instant("sentAt", call.sent_at) - _instant("originalTimestamp", call.original_timestamp)
        at = _instant("receivedAt", call.received_at) - max(age, 0)
    else:
        at = record_time_ms
    if at < _EARLIEST:
        raise _SchemaError("timestamp: before 1971-01-01")
    return at


def _instant(field: str, written: str | float) -> int:
    try:
        return read_instant(written)
    except ValueError:
        raise _no_instant(field) from None


def _no_instant(field: str) -> _SchemaError:
    return _SchemaError(f"{field}: neither an RFC 3339 instant nor an epoch number")


def _checked_group(group_id: str | int) -> str:
    text = str(group_id)
    _check_id("groupId", text)
    return text


def _check_id(field: str, text: str) -> None:
    """An id is 1 to 256 bytes without control characters."""
    if not 0 < len(text.encode()) <= 256:
        raise _SchemaError(f"{field}: 1 to 256 bytes expected")
    if any(char < " " or "\x7f" <= char <= "\x9f" for char in text):
        raise _SchemaError(f"{field}: control character")


def _check_nesting(call: _Call) -> None:
    context = call.context
    for field, tree in (
        ("properties", call.properties),
        ("traits", call.traits),
        ("context.traits", context.traits if context else None),
    ):
        level: list[Any] = [tree]
        for _ in range(_NESTING):
            level = [item for node in level for item in _items(node)]
        if any(isinstance(node, (dict, list)) for node in level):
            raise _SchemaError(f"{field}: nested deeper than {_NESTING} levels")


def _items(node: Any) -> Collection[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _made_up_id(event: Event) -> str:
    """uuid5 over user, name, time and canonical properties, so that the same record always gets the same id.

    A call without a name (identify, group) is told apart by what it says of the user.
    """
    said = event.properties if event.name else [event.traits, event.group_id]
    text = f"{event.user_id}\n{event.name or event.kind}\n{format_instant(event.occurred_at)}\n".encode()
    digest = sha1(EVENT_NAMESPACE.bytes + text + _canonical(said), usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5))

"""Messages of both flavours in FastAPI and in pydantic models: ProtoJSON in and out, errors with their path, JSON Schema."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from random import Random
from typing import Annotated, Any, Literal

import aristaproto
import pydantic
import pytest

from .filling import filled

fastapi: Any = pytest.importorskip("fastapi", reason="FastAPI is not installed for this Python")
httpx: Any = importlib.import_module("httpx")
validator: Any = importlib.import_module("openapi_spec_validator")

FLAVOURS = ("sync", "pydantic")
NAMES = [
    *[f"scalars:{name}" for name in ("Singular", "Repeated", "Optional", "Maps", "Oneof")],
    *[f"scalars:{name}" for name in ("Empty", "Recursive", "Mutual")],
    *[f"wkt:{name}" for name in ("Singular", "Repeated", "Mapped", "Oneof")],
    *[f"documentation:{name}" for name in ("Documented", "Markdown")],
    "deprecated:Message",
    "proto2:Proto2",
    "editions:Editions",
]


def classes(flavour: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in NAMES:
        module, _, cls = name.partition(":")
        imported = importlib.import_module(f"trees.{flavour}.{module}")
        if hasattr(imported, cls):
            found[f"{module}.{cls}"] = getattr(imported, cls)
    assert len(found) >= 14
    return found


def messages(flavour: str, name: str, cls: Any) -> list[Any]:
    pool = importlib.import_module(f"trees.{flavour}.message_pool").default_message_pool
    random = Random(name)
    return [filled(random, cls, pool, density=density) for density in (0.2, 0.5, 1.0)]


class Client:
    """Calls an application without a socket."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def post(self, path: str, content: str | bytes) -> Any:
        return self.call("POST", path, content)

    def call(self, method: str, path: str, content: str | bytes | None = None) -> Any:
        async def call() -> Any:
            # What an application raises is a fault of ours here.
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(
                    method, path, content=content, headers={"content-type": "application/json"}
                )

        return asyncio.run(call())


def app_of(flavour: str) -> Any:
    app = fastapi.FastAPI()

    def add(name: str, cls: Any) -> None:
        def echo(message: Any) -> Any:
            assert type(message) is cls
            return message

        echo.__annotations__ = {"message": cls, "return": cls}
        app.post(f"/{name}")(echo)

    for name, cls in classes(flavour).items():
        add(name, cls)
    return app


def is_whole(message: Any) -> bool:
    """Whether JSON can say it all: what is unknown or required and missing stands in the wire bytes only."""
    return aristaproto.is_initialized(message)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_there_and_back(flavour: str) -> None:
    client = Client(app_of(flavour))
    tried = 0
    for name, cls in classes(flavour).items():
        for message in filter(is_whole, messages(flavour, name, cls)):
            answer = client.post(f"/{name}", content=message.to_json())
            assert answer.status_code == 200, (name, answer.text)
            assert answer.json() == json.loads(message.to_json()), name
            assert cls.from_json(answer.text) == cls.from_json(message.to_json()), name
            again = client.post(f"/{name}", content=answer.content)
            assert again.json() == answer.json(), name
            tried += 1
    assert tried >= 36


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    ("name", "body", "place", "text"),
    [
        ("scalars.Recursive", '{"left": {"inner": {"inner": 5}}}', ["left", "inner", "inner"], ""),
        ("scalars.Recursive", '{"children": [{}, {"right": 5}]}', ["children", 1, "right"], ""),
        ("scalars.Recursive", '{"by_name": {"a": 5}}', ["by_name", "a"], "expected an object"),
        ("scalars.Recursive", '{"byName": {"a": 5}}', ["byName", "a"], "expected an object"),
        ("scalars.Recursive", '{"nothing": 5}', [], "expected a field of scalars.Recursive"),
        ("scalars.Recursive", '{"left": {}, "right": ""}', ["right"], "one member of the oneof"),
        ("scalars.Recursive", "[]", [], "expected an object"),
        ("scalars.Recursive", '"a"', [], "expected an object"),
        ("wkt.Singular", '{"timestamp": "junk"}', ["timestamp"], "date or time"),
        ("wkt.Singular", '{"timestamp": 5}', ["timestamp"], "expected a time"),
        ("wkt.Singular", '{"duration": []}', ["duration"], "expected a duration"),
    ],
)
def test_errors(flavour: str, name: str, body: str, place: list[Any], text: str) -> None:
    client = Client(app_of(flavour))
    answer = client.post(f"/{name}", content=body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["detail"]
    assert error["loc"] == ["body", *place]
    assert error["type"] == "protobuf"
    assert text in error["msg"]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_openapi(flavour: str) -> None:
    document = app_of(flavour).openapi()
    validator.validate(document)
    schemas = document["components"]["schemas"]
    for name, cls in classes(flavour).items():
        operation = document["paths"][f"/{name}"]["post"]
        for body in (operation["requestBody"], operation["responses"]["200"]):
            reference = body["content"]["application/json"]["schema"]["$ref"]
            described = schemas[reference.rpartition("/")[2]]
            assert described["title"] == cls.__name__
            declared = [field.json_name for field in cls.__schema__.fields]
            assert list(described.get("properties", {})) == declared, name
    documented = schemas["Documented"]
    assert documented["properties"]["oneLine"]["description"] == "One line."
    assert documented["description"].startswith("Documentation of message 1")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_json_schema(flavour: str) -> None:
    wkt, scalars = (importlib.import_module(f"trees.{flavour}.{it}") for it in ("wkt", "scalars"))

    class Model(pydantic.BaseModel):
        known: wkt.Singular  # type: ignore[name-defined]
        scalar: scalars.Singular  # type: ignore[name-defined]
        maps: scalars.Maps | None = None  # type: ignore[name-defined]

    modes: tuple[Literal["validation", "serialization"], ...] = ("validation", "serialization")
    for mode in modes:
        schema = Model.model_json_schema(mode=mode)
        definitions = schema["$defs"]
        known = [it for it in definitions.values() if "timestamp" in it.get("properties", {})]

        def resolved(value: dict[str, Any], among: dict[str, Any] = definitions) -> Any:
            return among[value["$ref"].rpartition("/")[2]] if "$ref" in value else value

        properties = {name: resolved(it) for name, it in known[0]["properties"].items()}
        assert properties["timestamp"] == {"type": "string", "format": "date-time"}
        assert properties["duration"]["pattern"]
        assert properties["struct"] == {"type": "object", "additionalProperties": True}
        assert properties["value"] == {}
        assert "Singular" in str(schema["properties"]["scalar"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_models(flavour: str) -> None:
    for name, cls in classes(flavour).items():
        many: Any = list.__class_getitem__(cls)
        model: Any = pydantic.create_model("Model", one=(cls, ...), many=(many, []))
        for message in filter(is_whole, messages(flavour, name, cls)):
            held = model(one=message, many=[message])
            assert held.one is message
            expected = cls.from_dict(message.to_dict())
            again = model.model_validate(held.model_dump())
            assert again.one == cls.from_dict(
                message.to_dict(
                    output_format=aristaproto.OutputFormat.PYTHON, casing=aristaproto.Casing.SNAKE
                )
            )
            for text in (held.model_dump(mode="json"), json.loads(held.model_dump_json())):
                again = model.model_validate(text)
                assert again.one == again.many[0] == expected, name
            assert model.model_validate_json(held.model_dump_json()).one == expected
        for wrong in (5, "a", [1], {"nothing": 1}, b""):
            with pytest.raises(pydantic.ValidationError):
                model.model_validate({"one": wrong})


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_enums_in_models(flavour: str) -> None:
    """As in messages, and as JSON Schema says, which has one definition for both."""
    scalars = importlib.import_module(f"trees.{flavour}.scalars")
    known = importlib.import_module(f"trees.{flavour}.google.protobuf")
    signal, level = scalars.Signal, importlib.import_module(f"trees.{flavour}.proto2").Level
    keyed: Any = dict.__class_getitem__((signal, int))
    model: Any = pydantic.create_model(
        "Model",
        one=(signal, signal.GO),
        closed=(level, level.HIGH),
        by_signal=(keyed, {}),
        null=(known.NullValue, known.NullValue.NULL_VALUE),
        message=(scalars.Singular, scalars.Singular()),
    )
    for given in (signal.STOP, 1, 1.0, "SIGNAL_STOP", "STOP", "1"):
        assert model(one=given).one is signal.STOP
    held = model(one=signal(9), closed="LEVEL_LOW", by_signal={"SIGNAL_GO": 1, 9: 2})
    assert held.model_dump()["one"] == 9
    assert type(held.model_dump()["closed"]) is level
    for plain in (held.model_dump(mode="json"), json.loads(held.model_dump_json())):
        assert plain["one"] == 9
        assert plain["closed"] == "LEVEL_LOW"
        assert plain["by_signal"] == {"SIGNAL_GO": 1, "9": 2}
        assert plain["null"] is None
        assert model.model_validate(plain) == held
    assert model.model_validate(held.model_dump()) == held
    wrongs: list[Any] = [True, 1.5, None, "NOPE", "", 2**31, "99999999999", [], level.LOW.name]
    for wrong in wrongs:
        with pytest.raises(pydantic.ValidationError) as caught:
            model(one=wrong)
        (error,) = caught.value.errors()
        assert (error["loc"], error["type"]) == (("one",), "protobuf")
    with pytest.raises(pydantic.ValidationError, match="closed enum Level"):
        model(closed=9)
    # What pydantic does not validate.
    for assigned, written in ((1, "SIGNAL_STOP"), (9, 9), ("STOP", "STOP"), (None, None)):
        held.one = assigned
        assert json.loads(held.model_dump_json())["one"] == written
        assert held.model_dump()["one"] == assigned
    for other in (None, {"int32Value": 1}, 5):
        held.message = other
        assert json.loads(held.model_dump_json())["message"] == other
        assert held.model_dump()["message"] == other
    schema = model.model_json_schema()
    assert schema["properties"]["one"]["default"] == "SIGNAL_GO"
    reference = schema["properties"]["one"]["$ref"].rpartition("/")[2]
    assert set(schema["$defs"][reference]["enum"]) == {it.proto_name for it in signal}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_enums_in_urls(flavour: str) -> None:
    signal: Any = importlib.import_module(f"trees.{flavour}.scalars").Signal
    app = fastapi.FastAPI()

    def echo(signal: Any, other: Any = signal.GO) -> Any:
        return [signal, other]

    answers: Any = list.__class_getitem__(signal)
    echo.__annotations__ = {"signal": signal, "other": signal, "return": answers}
    app.get("/{signal}")(echo)
    validator.validate(app.openapi())
    client = Client(app)
    for given in ("SIGNAL_STOP", "STOP", "1"):
        assert client.call("GET", f"/{given}").json() == ["SIGNAL_STOP", "SIGNAL_GO"]
        assert client.call("GET", f"/GO?other={given}").json() == ["SIGNAL_GO", "SIGNAL_STOP"]
    answer = client.call("GET", "/nope")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["path", "signal"]


BODIES: dict[str, Any] = {
    "Any": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"},
    "Duration": "1.500s",
    "Empty": {},
    "FieldMask": "a.b,cD",
    "ListValue": [1, [None], "a"],
    "Struct": {"a": [1, {"b": None}]},
    "Timestamp": "2024-01-01T00:00:00Z",
    "Value": [1, "a"],
    "Int64Value": "5",
    "BytesValue": "AAE=",
    "BoolValue": True,
}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_well_known_types_as_bodies(flavour: str) -> None:
    known = importlib.import_module(f"trees.{flavour}.google.protobuf")
    app = fastapi.FastAPI()

    def add(name: str, cls: Any) -> None:
        def echo(message: Any) -> Any:
            assert type(message) is cls
            return message

        # FastAPI would take a sequence for files.
        body = Annotated[cls, fastapi.Body()] if name == "ListValue" else cls
        echo.__annotations__ = {"message": body, "return": cls}
        app.post(f"/{name}")(echo)

    for name in BODIES:
        add(name, getattr(known, name))
    validator.validate(app.openapi())
    client = Client(app)
    for name, plain in BODIES.items():
        answer = client.post(f"/{name}", content=json.dumps(plain))
        assert (answer.status_code, answer.json()) == (200, plain), name
    for name, wrong in (("Timestamp", '"x"'), ("Struct", "[1]"), ("Empty", '{"a": 1}')):
        assert client.post(f"/{name}", content=wrong).status_code == 422


def test_nothing_is_imported_without_need() -> None:
    code = "import sys, trees.sync.scalars; print([it for it in sys.modules if 'pydantic' in it])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=importlib.import_module("trees").__path__[0] + "/..",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr

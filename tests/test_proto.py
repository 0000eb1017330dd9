"""The registry messages have the names, numbers and types of Feast's."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FEAST = ROOT / "tests" / "data" / "feast_messages.txt"


def presence(field: dict[str, str]) -> str:
    if field["label"] == "LABEL_REPEATED":
        return "repeated"
    if "proto3_optional" in field:
        return "optional"
    return "oneof" if "oneof_index" in field else "plain"


def described(text: str) -> Iterator[str]:
    """A descriptor set that protoc decoded, as `file message.field = number presence type`."""
    stack: list[tuple[str, dict[str, str]]] = []
    path: list[str] = []
    package = file = ""
    for line in text.splitlines():
        word, _, value = line.strip().partition(": ")
        value = value.strip('"')
        if word.endswith("{"):
            stack.append((word.removesuffix("{").strip(), {}))
            path.append("")
        elif word == "}":
            kind, values = stack.pop()
            path.pop()
            where = f"{file} {'.'.join(name for name in path if name)}"
            if kind == "field":
                name, number = values["name"], values["number"]
                type_name = values.get("type_name", values["type"].removeprefix("TYPE_").lower())
                yield f"{where}.{name} = {number} {presence(values)} {type_name}"
            elif kind == "value":
                yield f"{where}.{values['name']} = {values.get('number', '0')}"
        elif stack and word:
            kind, values = stack[-1]
            values[word] = value
            if kind == "file" and word == "name":
                file = value
            elif kind == "file" and word == "package":
                package = value
            elif word == "name" and kind in ("message_type", "nested_type", "enum_type"):
                path[-1] = f"{package}.{value}" if len(stack) == 2 else value


def descriptors(tmp_path: Path) -> str:
    proto = ROOT / "src" / "proto"
    files = sorted(str(path.relative_to(proto)) for path in proto.glob("feast/**/*.proto"))
    compiled = tmp_path / "descriptors"
    subprocess.run(
        ["protoc", f"--proto_path={proto}", f"--descriptor_set_out={compiled}", *files], check=True
    )
    with compiled.open("rb") as stdin:
        return subprocess.run(
            [
                "protoc",
                "--decode=google.protobuf.FileDescriptorSet",
                "google/protobuf/descriptor.proto",
            ],
            stdin=stdin,
            capture_output=True,
            check=True,
            text=True,
        ).stdout


def test_messages_are_feasts(tmp_path: Path) -> None:
    ours = sorted(described(descriptors(tmp_path)))
    feasts = [line for line in FEAST.read_text().splitlines() if not line.startswith("#")]
    assert ours == feasts

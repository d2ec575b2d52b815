#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes small ONNX models that a real runtime loads and runs, with labels of one's choice in metadata_props.

  mkmodel.py model FILE emotions|things|suspect [--seed N] [--size BYTES]
  mkmodel.py broken FILE cut|lies|nested
  mkmodel.py set DIR          all files that the suites need

Standard library only: it runs wherever the tests are built.
"""
import argparse
import os
import random
import struct
import sys

LABELS = {
    "emotions": ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"],
    "things": ["cat", "dog", "car", "tree", "boat"],
    # A grey face of 48 x 48 to seven classes without names: suspect by its shape, and nothing more.
    "suspect": [""] * 7,
}


def varint(n):
    out = bytearray()
    while True:
        out.append(n & 0x7F | (0x80 if n > 0x7F else 0))
        n >>= 7
        if not n:
            return bytes(out)


def number(field, n):
    return varint(field << 3) + varint(n)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def tensor(name, dims, kind, raw):
    return b"".join(number(1, d) for d in dims) + number(2, kind) + data(8, name) + data(9, raw)


def value_info(name, dims):
    shape = b"".join(data(1, number(1, d)) for d in dims)
    return data(1, name) + data(2, data(1, number(1, 1) + data(2, shape)))


def node(op, inputs, outputs):
    return b"".join(data(1, i) for i in inputs) + b"".join(data(2, o) for o in outputs) + data(3, op) + data(4, op)


def floats(rng, n):
    return struct.pack(f"<{n}f", *(rng.uniform(-1, 1) for _ in range(n)))


def build(kind, seed, padding):
    """GlobalAveragePool -> Flatten -> MatMul -> Softmax: the smallest classifier that is one."""
    rng = random.Random(seed)
    labels = LABELS[kind]
    dims = {"emotions": [1, 1, 64, 64], "things": [1, 3, 64, 64], "suspect": [1, 1, 48, 48]}[kind]
    graph = [
        data(1, node("GlobalAveragePool", ["image"], ["pooled"])),
        data(1, node("Flatten", ["pooled"], ["flat"])),
        data(1, node("MatMul", ["flat", "weights"], ["scores"])),
        data(1, node("Softmax", ["scores"], ["probabilities"])),
        data(2, "net"),
        data(5, tensor("weights", [dims[1], len(labels)], 1, floats(rng, dims[1] * len(labels)))),
        data(5, tensor("unused", [padding], 2, rng.randbytes(padding))),
        data(11, value_info("image", dims)),
        data(12, value_info("probabilities", [1, len(labels)])),
    ]
    names = "{" + ", ".join(f"{i}: '{label}'" for i, label in enumerate(labels)) + "}"
    return b"".join(
        [
            number(1, 8),
            data(2, "mkmodel"),
            data(7, b"".join(graph)),
            data(8, data(1, "") + number(2, 13)),
            data(14, data(1, "names") + data(2, names)) if any(labels) else b"",
        ]
    )


def model(kind, seed=1, size=8192):
    padding = size - len(build(kind, seed, 0))
    result = build(kind, seed, padding)
    while len(result) > size:
        padding -= len(result) - size
        result = build(kind, seed, padding)
    if len(result) < size:  # a length that a varint cannot hit: fill with an ignored string
        result += data(6, b" " * (size - len(result) - 2)) if size - len(result) >= 2 else b""
    return result


def broken(how):
    whole = model("things", 7)
    if how == "cut":
        return whole[: len(whole) // 2]
    if how == "lies":  # a graph that claims far more bytes than the file has
        return number(1, 8) + data(2, "mkmodel") + varint(7 << 3 | 2) + varint(1 << 40) + whole[:4000]
    if how == "nested":  # graphs in attributes of nodes in graphs, a million times
        depth, out = 1_000_000, bytearray()
        lengths, n = [], 0
        for _ in range(depth):
            n += len(varint(n)) + 1
            lengths.append(n)
        for n in reversed(lengths):
            out += bytes([1 << 3 | 2]) + varint(n)
            if len(out) > 8 << 20:
                break
        return number(1, 8) + data(2, "mkmodel") + varint(7 << 3 | 2) + varint(len(out)) + bytes(out)
    raise SystemExit(f"mkmodel: what is '{how}'?")


def write(path, content):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)


def write_set(folder):
    for i in range(150):
        write(f"{folder}/many/good-{i:03}.onnx", model("things", 1000 + i, 6000))
        write(f"{folder}/many/bad-{i:03}.onnx", model("emotions", 2000 + i, 6000))
    for i in range(40):
        write(f"{folder}/good-{i:02}.onnx", model("things", i, 20000))
        write(f"{folder}/bad-{i:02}.onnx", model("emotions", 500 + i, 20000))
    for i in range(10):
        write(f"{folder}/suspect-{i}.onnx", model("suspect", 900 + i, 20000))
    for how in ("cut", "lies", "nested"):
        write(f"{folder}/broken-{how}.onnx", broken(how))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    p = verbs.add_parser("model")
    p.add_argument("file")
    p.add_argument("kind", choices=sorted(LABELS))
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--size", type=int, default=8192)
    p = verbs.add_parser("broken")
    p.add_argument("file")
    p.add_argument("how", choices=["cut", "lies", "nested"])
    p = verbs.add_parser("set")
    p.add_argument("folder")
    args = parser.parse_args()
    if args.verb == "model":
        write(args.file, model(args.kind, args.seed, args.size))
    elif args.verb == "broken":
        write(args.file, broken(args.how))
    else:
        write_set(args.folder)


if __name__ == "__main__":
    sys.exit(main())

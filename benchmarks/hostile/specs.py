"""Specs that are wrong, too large, or want something done. A case is one entry of `REFUSED` or `HARMLESS`.

Each is a whole spec file. In the same folder lies ``rows.csv``, a sound table with the target ``y``, so that a spec
that is read goes on to be planned on data; ``CANARY`` stands for the path of a file that nothing may make.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from automl import spec as model
from automl.strict_yaml import MAX_BYTES, MAX_DEPTH
from benchmarks.hostile import asking
from benchmarks.hostile.case import Case, canary_of

ROWS = "a,colour,y\n" + "".join(f"{i % 17 + i / 7:.3f},{'rgb'[i % 3]},{i * 1.5 + i % 4}\n" for i in range(60))
DATA = "data: {path: rows.csv, target: y}\n"
_BOMB = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(10))
_SYSTEM = "!!python/object/apply:os.system ['touch CANARY']"


def _nested(opening: str, closing: str, n: int, inside: str = "1") -> str:
    return opening * n + inside + closing * n


REFUSED: dict[str, str | bytes] = {
    # YAML that does more than it shows
    "alias bomb": _BOMB,
    "alias bomb behind sound data": DATA + _BOMB,
    "one alias": DATA + "space: {width: &w 8, depth: *w}",
    "an alias of itself": "data: &d {path: rows.csv, target: *d}",
    "a merge key": "data: &d {path: rows.csv}\nsplit: {<<: *d}",
    "a merge key without alias": DATA + "split: {<<: {test: 0.1}}",
    "3,000 brackets": DATA + "queue: " + _nested("[", "]", 3000),
    "30,000 brackets that stay open": "data: " + "[" * 30_000,
    "3,000 mappings": DATA + "space: " + _nested("{a: ", "}", 3000),
    "3,000 dashes": DATA + "queue:\n" + "- " * 3000 + "1",
    "nested one deeper than allowed": DATA + "space: " + _nested("{a: ", "}", MAX_DEPTH),
    "nested as deep as allowed": DATA + "space: " + _nested("{a: ", "}", MAX_DEPTH - 1),
    "a key that is a list": DATA + "? [a, b]\n: 1",
    "a key that is deep": DATA + "? " + _nested("[", "]", 500) + "\n: 1",
    "60,000 anchors": DATA + "space: {a: " + "&x 1, b: " * 6000 + "1}",
    "object that runs a command": f"data: {_SYSTEM}",
    "object that runs a command, as a key": f"? {_SYSTEM}\n: 1",
    "object by name": "data: !!python/name:os.system ''",
    "object by module": "data: !!python/module:antigravity ''",
    "object new": "data: !!python/object/new:os.system ['touch CANARY']",
    "tuple": DATA + "families: !!python/tuple [mlp]",
    "binary": DATA + "name: !!binary aGk=",
    "set": DATA + "families: !!set {mlp}",
    "omap": DATA + "space: !!omap [width: 8]",
    "a tag of its own": DATA + "seed: !seed 1",
    "a tag that says text": DATA + "seed: !!str 1",
    "a tag handle": "%TAG ! tag:example.com,2000:\n---\n" + DATA + "seed: !x 1",
    "a tag that says nothing": DATA + "name: ! x",
    "a later YAML": "%YAML 9.9\n---\n" + DATA,
    "two documents": DATA + "---\n" + DATA,
    # keys that come twice
    "seed twice": DATA + "seed: 1\nseed: 2",
    "seed twice, once in quotes": DATA + 'seed: 1\n"seed": 2',
    "data twice": DATA + DATA,
    "twice in one line": "data: {path: rows.csv, path: rows.csv}",
    "twice in a space": DATA + "space: {width: 8, width: 16}",
    "5,000 keys": DATA + "".join(f"key{i}: 1\n" for i in range(5000)),
    # values that other readers take for others
    "no for false": DATA + "families: [{name: mlp, space: {dropout: no}}]",
    "012 for ten": DATA + "seed: 0o12",
    "hexadecimal": DATA + "seed: 0x1F",
    "underscores in a number": DATA + "seed: 1_000",
    "sexagesimal": DATA + "seed: 12:30:45",
    "a date for a seed": DATA + "seed: 2026-01-01",
    "infinite target": DATA + "budget: {target: .inf}",
    "minus infinite target": DATA + "budget: {target: -.inf}",
    "not a number": DATA + "budget: {target: .nan}",
    "nan as a word": DATA + "budget: {time: nan}",
    "1e400": DATA + "budget: {time: 1e400}",
    "-1e400": DATA + "budget: {target: -1e400}",
    "1e999999999999": DATA + "budget: {target: 1e999999999999}",
    "a seed of 400 digits": DATA + "seed: " + "9" * 400,
    "a seed of 5,000 digits": DATA + "seed: " + "9" * 5000,
    "a seed of 60,000 digits": DATA + "seed: " + "9" * 60_000,
    "a time of 5,000 digits": DATA + "budget: {time: " + "9" * 5000 + "d}",
    "trials of 5,000 digits": DATA + "budget: {trials: " + "9" * 5000 + "}",
    "a real seed": DATA + "seed: 1.5",
    "a boolean seed": DATA + "seed: true",
    "a seed in quotes": DATA + "seed: '1'",
    "null for data": "data: null",
    "nothing for data": "data:",
    # text that is none
    "nothing": "",
    "blanks": "  \n\n   ",
    "a comment": "# nothing",
    "a scalar": "housing",
    "a list": "- data\n- seed",
    "only dashes": "---",
    "an ellipsis": "...",
    "NUL": (DATA + "name: a\0b").encode(),
    "NUL first": b"\0" * 100,
    "a bell": DATA + "name: a\x07b",
    "an escape": DATA + "name: a\x1b[31mb",
    "an escape, escaped": DATA + 'name: "a\\e[31mb"',
    "NUL, escaped": DATA + 'name: "a\\0b"',
    "half a surrogate, escaped": DATA + 'name: "\\ud800"',
    "half a surrogate in a key": DATA + '"\\ud800": 1',
    "half a surrogate in a path": 'data: {path: "\\ud800.csv", target: y}',
    "half a surrogate in a target": 'data: {path: rows.csv, target: "\\ud800"}',
    "UTF-16": DATA.encode("utf-16"),
    "UTF-32": DATA.encode("utf-32"),
    "Latin-1": (DATA + "name: caf\xe9").encode("latin-1"),
    "invalid UTF-8": DATA.encode() + b"name: \xff\xfe",
    "overlong UTF-8": DATA.encode() + b"name: \xc0\xaf",
    "surrogates in UTF-8": DATA.encode() + b"name: \xed\xa0\x80",
    "right to left": DATA + "name: a\u202egnp.b",
    "a zero-width name": DATA + "name: a\u200bb",
    "tabs": "data:\n\tpath: rows.csv\n",
    "carriage returns": "data: {path: rows.csv}\rseed: 1\r\rseed: 2",
    "a line separator": DATA.strip() + "\u2028seeed: 1",
    "a quote that stays open": DATA + "name: 'x",
    "a bracket that stays open": DATA + "families: [mlp",
    "a block that is not indented": "data:\npath: rows.csv",
    "a key of 60 kB": DATA + "k" * 60_000 + ": 1",
    "a key of 60 kB, asked for": DATA + "? " + "k" * 60_000 + "\n: 1",
    "a value of 60 kB": DATA + "name: " + "n" * 60_000,
    "a path of 60 kB": "data: {path: " + "p" * 60_000 + ".csv}",
    "a family of 60 kB": DATA + "families: [" + "f" * 60_000 + "]",
    "a constraint of 60 kB": DATA + "constraints: {n_parameters: '<= " + "1" * 60_000 + "'}",
    "a time of 60 kB": DATA + "budget: {time: " + "1" * 60_000 + "x}",
    "as large as allowed": DATA + "#" * (MAX_BYTES - len(DATA) - 12) + "\nseeed: 1",
    "one byte more": DATA + "#" * (MAX_BYTES - len(DATA) + 1),
    "256 kB": DATA + "space: {" + "a: 1, " * 45_000 + "}",
    "8 MB": b"a: 1\n" * 1_600_000,
    "a pickle": b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "a program": "#!/bin/sh\ntouch CANARY\n",
    "JSON with a comment": '{"data": {"path": "rows.csv"}, /* x */ "seed": 1}',
    "HTML": "<html><script>fetch('http://127.0.0.1')</script></html>",
    "a template": DATA + "name: '{{ 7 * 7 }}'",
    "a variable": "data: {path: ${HOME}/rows.csv}",
    # keys that are not there
    "an unknown key": DATA + "seeed: 1",
    "an unknown key in data": "data: {path: rows.csv, traget: y}",
    "a key of markup": DATA + "'<img src=x onerror=alert(1)>': 1",
    "a dunder": DATA + "__class__: {__init__: {__globals__: 1}}",
    "model_config": DATA + "model_config: {extra: allow}",
    "another version": DATA + "spec_version: 2",
    "an owner": DATA + "owner: root",
    # data that should not be read
    "two sources": "data: {path: rows.csv, name: digits}",
    "no source": "data: {target: y}",
    "a file of passwords": "data: {path: ../../../../../../../../etc/passwd}",
    "an endless file": "data: {path: /dev/zero}",
    "standard input": "data: {path: /dev/stdin}",
    "the environment": "data: {path: /proc/self/environ}",
    "the memory": "data: {path: /proc/self/mem}",
    "an address of a file": "data: {path: 'file:///etc/passwd'}",
    "an address of an endless file": "data: {path: 'file:///dev/zero'}",
    "another scheme": "data: {path: 'gopher://127.0.0.1:1/x.csv'}",
    "a scheme of code": "data: {path: 'javascript://x/%0aalert(1)'}",
    "an address that is none": "data: {path: 'http://[::1/x.csv'}",
    "an upload that is none": "data: {path: 'upload://../../etc/passwd'}",
    "a path with NUL": 'data: {path: "rows\\0.csv"}',
    "a path that is empty": "data: {path: ''}",
    "a path of 5,000 signs": "data: {path: " + "x" * 5000 + ".csv}",
    "a path of 5,000 folders": "data: {path: " + "x/" * 5000 + "x.csv}",
    "a home that is nobody's": "data: {path: '~nobody-here/rows.csv'}",
    "a path with a command": "data: {path: '$(touch CANARY).csv'}",
    "a path with a pipe": "data: {path: '| touch CANARY'}",
    "a glob": "data: {path: '*.csv', target: y}",
    "an option": "data: {path: '-rf'}",
    "a data set by path": "data: {name: ../../../etc/passwd}",
    "a data set by module": "data: {name: os}",
    "a private data set": "data: {name: __init__}",
    "an unlabelled path": "data: {path: rows.csv, target: y, unlabelled: /dev/zero}",
    "a target that is none": "data: {path: rows.csv, target: ''}",
    "a target of markup": "data: {path: rows.csv, target: '![](http://x)'}",
    "10,000 targets": "data: {path: rows.csv, target: [" + "y," * 10_000 + "]}",
    "5,000 levels": "data: {path: rows.csv, target: y, levels: [" + "0.5," * 5000 + "]}",
    "levels that fall": "data: {path: rows.csv, target: y, levels: [0.9, 0.1]}",
    "no levels": "data: {path: rows.csv, target: y, levels: []}",
    "types of no column": "data: {path: rows.csv, target: y, types: {'../x': number}}",
    "an image size of a million": "data: {path: rows.csv, target: y, image_size: 1000000}",
    "a vocabulary of a trillion": "data: {path: rows.csv, target: y, vocabulary: 1000000000000}",
    "steps of 1e300": "data: {path: rows.csv, target: y, max_steps: 1e300}",
    "a horizon of a million": "data: {path: rows.csv, target: y, horizon: 1000000}",
    "an encoding that is code": "data: {path: rows.csv, target: y, encoding: unicode_escape}",
    "validation from a file of passwords": DATA + "split: {validation: /etc/passwd}",
    "test from an endless file": DATA + "split: {test: /dev/zero}",
    "all rows for test": DATA + "split: {test: 1.0}",
    "more rows than all": DATA + "split: {test: 0.6, validation: 0.6}",
    "a split by nothing": DATA + "split: {by: nothing}",
    "a split by two": DATA + "split: {by: colour, time: a}",
    "a negative share": DATA + "split: {test: -0.2}",
    "hardly any rows": DATA + "split: {validation: 1e-300, test: 0.999999}",
    # families, samplers and metrics that are none
    "a family that is code": DATA + "families: ['os:system']",
    "a family by path": DATA + "families: [../../../etc/passwd]",
    "a family by module": DATA + "families: [os.path]",
    "a private family": DATA + "families: [_layers]",
    "a dunder family": DATA + "families: [__init__]",
    "a family with a line feed": DATA + 'families: ["mlp\\n"]',
    "a family twice": DATA + "families: [mlp, mlp]",
    "a family of two origins": DATA + "families: [{name: mlp, file: x.py}]",
    "a family of no origin": DATA + "families: [{space: {}}]",
    "a family of a file that is no Python": DATA + "families: [{file: rows.csv}]",
    "a family of an endless file": DATA + "families: [{file: /dev/zero}]",
    "a family of a module of Python": DATA + "families: [{file: 'os'}]",
    "2,000 families": DATA + "families: [" + "mlp, " * 2000 + "]",
    "weights that are not there": DATA + "families: [{name: mlp, weights: ../../x.safetensors}]",
    "weights of a name of 4,000 letters": DATA + "families: [{name: mlp, weights: " + "x" * 4000 + "}]",
    "a family of a name of 4,000 letters": DATA + "families: [{file: " + "x" * 4000 + ".py}]",
    "weights without end": DATA + "families: [{name: mlp, weights: /dev/zero}]",
    "a sampler that is code": DATA + "search: {sampler: 'os:system'}",
    "a sampler by path": DATA + "search: {sampler: ../sampler}",
    "a metric that is private": DATA + "objectives: [_positives]",
    "a metric by path": DATA + "objectives: [../accuracy]",
    "a metric twice": DATA + "objectives: [rmse, rmse]",
    "10,000 metrics": DATA + "objectives: [" + "rmse," * 10_000 + "]",
    "a constraint that is code": DATA + "constraints: {n_parameters: '<= __import__(\"os\")'}",
    "a constraint without end": DATA + "constraints: {n_parameters: '<= 1e999'}",
    "a constraint of signs": DATA + "constraints: {n_parameters: '<= ----'}",
    "a constraint on nothing": DATA + "constraints: {'': '<= 1'}",
    # spaces
    "an empty range": DATA + "space: {dropout: {float: []}}",
    "a range of one": DATA + "space: {dropout: {float: [0.1]}}",
    "an inverted range": DATA + "space: {dropout: {float: [0.4, 0.1]}}",
    "a range from nan": DATA + "space: {dropout: {float: [.nan, 0.1]}}",
    "a range without end": DATA + "space: {learning_rate: {float: [1e-5, 1e999]}}",
    "a range beyond sense": DATA + "space: {learning_rate: {float: [-1e308, 1e308]}}",
    "a range of text": DATA + "space: {dropout: {float: ['0', '1']}}",
    "a range of huge whole numbers": DATA + "space: {depth: {int: [1, " + "9" * 300 + "]}}",
    "a range of whole numbers beyond floats": DATA
    + "space: {learning_rate: {float: [1e-5, 1"
    + "0" * 350
    + "]}}",
    "a whole number of 1,000 digits": DATA + "space: {depth: " + "9" * 1000 + "}",
    "a log range from zero": DATA + "space: {learning_rate: {float: [0, 1], log: true}}",
    "log that is text": DATA + "space: {learning_rate: {float: [1e-5, 1], log: 'yes'}}",
    "a prior outside": DATA + "space: {dropout: {float: [0, 0.1], prior: 0.5}}",
    "a prior that is a list": DATA + "space: {dropout: {float: [0, 0.1], prior: [0.05]}}",
    "an empty choice": DATA + "space: {activation: {choice: []}}",
    "an empty choice of branches": DATA + "space: {optimizer: {choice: {}}}",
    "a choice of 9,000": DATA + "space: {activation: {choice: [" + "relu, " * 9000 + "]}}",
    "a choice of lists": DATA + "space: {activation: {choice: [[relu], [gelu]]}}",
    "a choice that is code": DATA + "space: {activation: {choice: ['__import__(\"os\")']}}",
    "an optimizer that is code": DATA + "space: {optimizer: {choice: {'os:system': {}}}}",
    "a branch of text": DATA + "space: {optimizer: {choice: {sgd: fast}}}",
    "two kinds of leaf": DATA + "space: {dropout: {float: [0, 1], int: [0, 1]}}",
    "a wider network than memory": DATA + "space: {width: 1000000000}",
    "a deeper network than memory": DATA + "space: {depth: 1000000000}",
    "a batch of 1e18": DATA + "space: {batch_size: 1000000000000000000}",
    "a learning rate of 1e308": DATA + "space: {learning_rate: '1e308'}",
    "a parameter by path": DATA + "space: {../dropout: 1}",
    "a parameter of dunders": DATA + "space: {__class__: 1}",
    "a space in a list": DATA + "space: {dropout: [0.1, 0.2]}",
    "10,000 parameters": DATA + "space: {" + ", ".join(f"p{i}: 1" for i in range(5000)) + "}",
    # queues and budgets
    "a queue without family": DATA + "queue: [{depth: 3}]",
    "a queue of text": DATA + "queue: [mlp]",
    "a queue of another family": DATA + "queue: [{family: os, depth: 3}]",
    "a queue outside the space": DATA + "queue: [{family: mlp, depth: 1000000}]",
    "a queue of nan": DATA + "queue: [{family: mlp, dropout: .nan}]",
    "a queue of lists": DATA + "queue: [{family: [mlp], depth: 3}]",
    "a queue of mappings": DATA + "queue: [{family: mlp, depth: {sgd: {}}}]",
    "a queue of 10,000": DATA + "queue: [" + "{}, " * 10_000 + "]",
    "no trials": DATA + "budget: {trials: 0}",
    "fewer trials than none": DATA + "budget: {trials: -1}",
    "a trillion trials": DATA + "budget: {trials: 1000000000000}",
    "a time of 1e308": DATA + "budget: {time: 1e308}",
    "a plateau of 1e18": DATA + "budget: {plateau: 1e18}",
    "trials of 1e308": DATA + "budget: {trials: 1e308}",
    "a billion epochs": DATA + "budget: {epochs: 1000000000}",
    "a time that is past": DATA + "budget: {time: -5s}",
    "a time in years": DATA + "budget: {time: 5y}",
    "no time": DATA + "budget: {time: 0}",
    "GPU-hours where there is no GPU": DATA + "budget: {gpu_hours: 1}",
    "a plateau of none": DATA + "budget: {plateau: 0}",
    "a million workers": DATA + "resources: {workers: 1000000}",
    "hardly any of a CPU": DATA + "resources: {cpus: 1e-9}",
    "next to none of a CPU": DATA + "resources: {cpus: 5e-324}",
    "fewer CPUs than none": DATA + "resources: {cpus: -1}",
    "next to none of a GPU": DATA + "resources: {gpus: 5e-324}",
    "100,000 GPUs": DATA + "resources: {gpus: 100000}",
    "a thousand finalists": DATA + "finalists: {top: 1000}",
    "a seed beyond 32 bits": DATA + "seed: 4294967296",
    "a seed of the split beyond 64 bits": DATA + "split: {seed: 18446744073709551616}",
    "a priority beyond 64 bits": DATA + "priority: " + "9" * 300,
    "rungs of nothing": DATA + "search: {rungs: {first: 0}}",
    "rungs of text": DATA + "search: {rungs: some}",
    "rungs of a factor of a million": DATA + "search: {rungs: {factor: 1000000}}",
    "a task that is none": DATA + "task: mining",
}

HARMLESS: dict[str, tuple[str, str | bytes]] = {
    "a byte-order mark": ("it says nothing but UTF-8", b"\xef\xbb\xbf" + DATA.encode()),
    "an anchor without alias": ("a name for nothing", "data: &d {path: rows.csv, target: y}"),
    "1e-5 is a number": ("as YAML 1.2 has it", DATA + "space: {learning_rate: 1e-5}"),
    "012 is twelve": ("as YAML 1.2 has it", DATA + "seed: 012"),
    "a target out of reach": ("no score is that good", DATA + "budget: {target: -1e308}"),
    "a billion trials": ("time ends it sooner", DATA + "budget: {trials: 1000000000}"),
    "a priority that is low": ("only an order", DATA + "priority: -1000000"),
    "JSON": ("YAML 1.2 holds it", '{"data": {"path": "rows.csv", "target": "y"}}'),
}

# As the service takes them: whatever names its machine's files, its network or code.
SUBMITTED: dict[str, str] = {
    "a local path": DATA,
    "a path by file": "data: {path: 'file:///etc/passwd'}",
    "an address within": "data: {path: 'http://169.254.169.254/latest/meta-data/x.csv'}",
    "an address of loopback": "data: {path: 'http://localhost:8265/api/jobs.csv'}",
    "OpenML": "data: {openml: 31}",
    "OpenML as a path": "data: {path: 'openml:31'}",
    "a bucket": "data: {path: 's3://bucket/x.csv'}",
    "an upload with a way out": "data: {path: 'upload://x/../../../etc/passwd'}",
    "unlabelled rows by path": "data: {name: digits, unlabelled: /etc/passwd}",
    "a test file": "data: {name: digits}\nsplit: {test: /etc/passwd}",
    "a validation file": "data: {name: digits}\nsplit: {validation: /etc/passwd}",
    "a family of a file": "data: {name: digits}\nfamilies: [{file: evil.py}]",
    "weights of a file": "data: {name: digits}\nfamilies: [{name: mlp, weights: evil.safetensors}]",
}

_SUBMODELS = {
    "": model.SearchSpec,
    "data": model.DataSpec,
    "split": model.SplitSpec,
    "search": model.PolicySpec,
    "budget": model.BudgetSpec,
    "resources": model.ResourcesSpec,
    "finalists": model.FinalistsSpec,
}


def cases() -> Iterator[Case]:
    for name, text in REFUSED.items():
        yield Case("specs", name, partial(_write, text), asking.plan)
    for name, (why, text) in HARMLESS.items():
        yield Case("specs", name, partial(_write, text), asking.plan, why)
    for name, text in SUBMITTED.items():
        yield Case("specs", f"submitted: {name}", partial(_write, text), asking.submit)
    for name, text in _of_wrong_types():
        yield Case("specs", name, partial(_write, text), asking.plan)
    for name, make in _FILES.items():
        yield Case("specs", name, make, asking.plan)


def _of_wrong_types() -> Iterator[tuple[str, str]]:
    """Every field with a value that none of them takes."""
    for prefix, of in _SUBMODELS.items():
        for field in of.model_fields:
            yield f"{prefix}.{field} of a wrong type".lstrip("."), _spec_with(of, prefix, field)


def _spec_with(of: type[BaseModel], prefix: str, field: str) -> str:
    if not prefix:
        return ("" if field == "data" else DATA) + f"{field}: {{x: [[]]}}"
    if of is model.DataSpec:
        given = {"path": "rows.csv", "target": "y", field: "{x: [[]]}"}
        return "data: {" + ", ".join(f"{key}: {value}" for key, value in given.items()) + "}"
    return DATA + f"{prefix}: {{{field}: {{x: [[]]}}}}"


def _write(text: str | bytes, folder: Path) -> Path:
    (folder / "rows.csv").write_text(ROWS)
    canary = str(canary_of(folder))
    content = text.replace(b"CANARY", canary.encode()) if isinstance(text, bytes) else text
    file = folder / "spec.yaml"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_bytes(content.replace("CANARY", canary).encode("utf-8", "surrogatepass"))
    return file


def _folder(folder: Path) -> Path:
    (folder / "spec.yaml").mkdir()
    return folder / "spec.yaml"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "spec.yaml")
    return folder / "spec.yaml"


def _link_to(target: str, folder: Path) -> Path:
    (folder / "spec.yaml").symlink_to(target)
    return folder / "spec.yaml"


def _sparse(folder: Path) -> Path:
    with (folder / "spec.yaml").open("wb") as file:
        file.truncate(10 * 2**30)
    return folder / "spec.yaml"


def _folders(folder: Path) -> Path:
    for i in range(6000):
        (folder / "many" / f"{i}").mkdir(parents=True)
    return _write("data: {path: many}", folder)


_FILES: dict[str, Callable[[Path], Path]] = {
    "a folder": _folder,
    "data in a folder of 6,000 folders": _folders,
    "a pipe": _pipe,
    "a link to an endless file": partial(_link_to, "/dev/zero"),
    "a link to itself": partial(_link_to, "spec.yaml"),
    "a link to passwords": partial(_link_to, "/etc/passwd"),
    "10 GB of nothing": _sparse,
    "a name of 5,000 signs": lambda folder: folder / f"{'x' * 5000}.yaml",
    "a name with NUL": lambda folder: folder / "a\0b.yaml",
}

"""The model card: what a person should know before using a model (Mitchell et al., "Model Cards", 2019)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from automl.wording import number

_LIMITS = """\
- It knows only data like those it was trained on; a shift in how they are collected, or in what they
  describe, makes the scores above void, and nothing in the model will say so.
- Probabilities are the network's own and were not calibrated afterwards.
- Nobody has examined it for unfair treatment of groups of people. Do so before it decides about any."""


def model_card(model: Mapping[str, Any], n_parameters: int) -> str:
    """The card in Markdown, from the content of ``model.json``.

    Args:
        model: `details` in it may hold ``data`` (name, fingerprint, counts of rows, notes), ``scores``
            and ``intervals`` by split and metric, ``baselines`` (scores by metric, by name),
            ``search_id``, ``trial``, ``seed``, costs, ``starting_weights``, ``versions``; what is
            missing is left out.
    """
    details = model.get("details", {})
    parts = [
        f"# {model['family']} for {_plain(model['task']['target'])}",
        _summary(model, details, n_parameters),
        "## Data",
        _data(details.get("data", {})),
        "## Scores",
        "\n".join(_scores(details)) or "None were recorded.",
        "## Training",
        "\n".join(_training(details)),
        "## Configuration",
        f"```json\n{json.dumps(model['configuration'], indent=2)}\n```",
        "## Limits",
        _LIMITS,
        "## Use",
        'From Python, with this folder at `model/`: `automl.load("model/").predict("rows.csv")`. On the\n'
        "command line: `automl predict model/ rows.csv`. Loading checks every file against `manifest.json`\n"
        "and runs no code from this folder.",
    ]
    return "\n\n".join(parts) + "\n"


def _summary(model: Mapping[str, Any], details: Mapping[str, Any], n_parameters: int) -> str:
    task = model["task"]
    names = ", ".join(_plain(name) for name in task["classes"][:20])
    names += ", ..." if len(task["classes"]) > 20 else ""
    target, n_classes = _plain(task["target"]), len(task["classes"])
    what = {
        "classification": f"Predicts one of {n_classes} classes ({names})",
        "multilabel": f"Predicts any of {n_classes} labels ({names})",
        "regression": f"Predicts {'the numbers ' + target if task.get('targets') else 'a number'}",
        "quantile": f"Predicts quantiles of {target}",
        "forecasting": f"Forecasts {target}, {task.get('horizon')} steps ahead",
        "anomaly": "Scores how strange a row is (labels only judged it)",
        "generation": "Generates rows",
        "representation": "Embeds rows (labels only judged it)",
    }[task["kind"]]
    weights = details.get("starting_weights")
    start = f"began from the weights `{_plain(weights)}`" if weights else "was trained from nothing"
    return f"{what} from data of the kind `{model['signature']['kind']}`. It has {n_parameters:,} \
weights and {start}."


def _data(data: Mapping[str, Any]) -> str:
    lines = []
    if "name" in data:
        lines.append(f"- name: {_plain(data['name'])}")
    counts = [
        (key[2:], data[key]) for key in ("n_train", "n_validation", "n_test") if data.get(key) is not None
    ]
    if counts:
        lines.append("- rows: " + ", ".join(f"{count} for {split}" for split, count in counts))
    lines += [f"- {key}: `{_plain(data[key])}`" for key in ("fingerprint", "split_id") if key in data]
    lines += [f"- note: {_plain(note)}" for note in data.get("notes", ())]
    return "\n".join(lines) or "Not recorded."


def _scores(details: Mapping[str, Any]) -> Iterator[str]:
    """A table of scores with intervals, and one of baselines."""
    scores = details.get("scores", {})
    if scores:
        yield "| split | metric | score | 95 % interval |"
        yield "| --- | --- | ---: | --- |"
    for split, values in scores.items():
        for metric, score in values.items():
            interval = details.get("intervals", {}).get(split, {}).get(metric)
            shown = f"{number(interval[0])} to {number(interval[1])}" if interval else ""
            yield f"| {split} | {metric} | {number(score)} | {shown} |"
    if scores and "test" not in scores:
        yield ""
        yield "The validation rows chose this model, so its scores on them are better than on new data."
    baselines = details.get("baselines", {})
    if baselines:
        yield ""
        yield "| baseline | metric | score |"
        yield "| --- | --- | ---: |"
    for name, values in baselines.items():
        for metric, score in values.items():
            yield f"| {_plain(name)} | {metric} | {number(score)} |"


def _training(details: Mapping[str, Any]) -> Iterator[str]:
    names = {
        "search_id": "search",
        "name": "name in the search",
        "trial": "trial",
        "seed": "seed",
        "n_epochs": "epochs trained",
        "best_epoch": "epoch kept",
        "device": "device",
        "peak_memory_bytes": "peak memory, bytes",
        "latency_ms": "milliseconds to predict one row",
        "train_seconds": "seconds of training",
    }
    for key, label in names.items():
        if details.get(key) is not None:
            value = details[key]
            yield f"- {label}: {number(value) if isinstance(value, float) else _plain(value)}"
    versions = details.get("versions", {})
    if versions:
        yield "- versions: " + ", ".join(f"{name} {_plain(version)}" for name, version in versions.items())


def _plain(value: Any) -> str:
    """Text from data on one line, without what Markdown or HTML would take for markup."""
    text = " ".join(str(value).split())
    return "".join("\\" + letter if letter in "\\`*_[]<>|#" else letter for letter in text)

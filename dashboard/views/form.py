"""The form beside the YAML of a spec: the parts of it that most searches need, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from automl import catalog
from automl.resolved import COSTS
from automl.spec import SearchSpec
from dashboard import words
from dashboard.drafts import draft, kinds
from dashboard.views import data_form, fields

_FAMILIES, _OBJECTIVES = "form-families", "form-objectives"


def form() -> None:
    """The whole form; it waits where the YAML cannot be read."""
    plain = draft.checked().plain
    if plain is None:
        st.caption("The form waits until the YAML can be read.")
    data_form.data(plain or {})
    fields.choice(
        ("task",),
        "Task",
        "What is to be learned. auto: seen from the data, and said in the preview.",
        [word for part in get_args(SearchSpec.model_fields["task"].annotation) for word in _words(part)],
    )
    _families(plain)
    _objectives(plain)
    _budget()
    _work()
    _more()


def _words(part: Any) -> tuple[str, ...]:
    return (part,) if isinstance(part, str) else get_args(part)


def _families(plain: Mapping[str, Any] | None) -> None:
    """Which families; what the YAML says of one beyond its name is kept."""
    known = catalog.names("family")
    given = _listed(plain, "families")
    if plain is not None:
        st.session_state[_FAMILIES] = [name for name in map(_name, given) if name in known]
    st.multiselect(
        "Families",
        known,
        format_func=_described,
        key=_FAMILIES,
        help="The kinds of network to search. Changes to the space of one are written in the YAML.",
        placeholder="Every family that fits the data and the task",
        disabled=plain is None,
        on_change=_choose_families,
    )
    own = [str(_name(family) or family) for family in given if _name(family) not in known]
    if own:
        st.caption(f"In the YAML, beside these: {words.escape(', '.join(own), 120)}")


def _described(name: str) -> str:
    return f"{name} · {', '.join(kinds.of_family(name))}"


def _choose_families() -> None:
    given = _listed(draft.checked().plain, "families")
    chosen: list[str] = st.session_state[_FAMILIES]
    known = catalog.names("family")
    kept = [family for family in given if _name(family) in chosen or _name(family) not in known]
    kept += [name for name in chosen if name not in map(_name, kept)]
    gone = [family for family in given if isinstance(family, Mapping) and family not in kept]
    why = f"With it went what the YAML said of it: {words.text(gone, 200)}." if gone else ""
    draft.put(("families",), kept or None, why)


def _name(family: Any) -> Any:
    return family.get("name") if isinstance(family, Mapping) else family


def _objectives(plain: Mapping[str, Any] | None) -> None:
    known = (*catalog.names("metric"), *COSTS)
    if plain is not None:
        st.session_state[_OBJECTIVES] = [name for name in _listed(plain, "objectives") if name in known][:3]
    st.multiselect(
        "Objectives",
        known,
        key=_OBJECTIVES,
        max_selections=3,
        help="What makes one model better than another. Several give a Pareto front; the first must be a metric.",
        placeholder="The usual metric of the task",
        disabled=plain is None,
        on_change=_choose_objectives,
    )


def _choose_objectives() -> None:
    draft.put(("objectives",), list(st.session_state[_OBJECTIVES]) or None)


def _listed(plain: Mapping[str, Any] | None, key: str) -> Sequence[Any]:
    given = (plain or {}).get(key)
    return given if isinstance(given, list) else []


def _budget() -> None:
    st.markdown("**Budget**: the search ends with whichever comes first")
    first, second, third = st.columns(3)
    with first:
        about = "Of the whole search, refits included: 90s, 20m, 2h, 1d."
        fields.text(("budget", "time"), "Time", about, otherwise="10m if nothing else is given")
        about = "Hours of GPUs, summed over workers; where trials run on GPUs."
        fields.number(("budget", "gpu_hours"), "GPU-hours", about, otherwise="no bound")
    with second:
        about = "How many configurations are tried at most."
        fields.number(("budget", "trials"), "Trials", about, otherwise="no bound")
        about = "Hours of CPUs, summed over workers; where there is no GPU."
        fields.number(("budget", "cpu_hours"), "CPU-hours", about, otherwise="no bound")
    with third:
        about = (
            "Passes over the training rows that one trial may take. A trial that does badly stops earlier."
        )
        fields.number(("budget", "epochs"), "Epochs of a trial", about, otherwise="by the data")
        about = "How configurations are suggested: auto chooses; random looks at no result; tpe learns from results."
        fields.choice(("search", "sampler"), "Sampler", about, catalog.names("sampler"))


def _work() -> None:
    first, second, third = st.columns(3)
    with first:
        about = "How many trials train at once. It changes no result, only how long it takes."
        fields.number(("resources", "workers"), "Workers", about, otherwise="as many as fit")
    with second:
        about = "How many of the best configurations are trained again for the leaderboard."
        fields.number(("finalists", "top"), "Finalists", about)
    with third:
        about = "How often each finalist is trained again, with another seed each time: for honest intervals."
        fields.number(("finalists", "seeds"), "Seeds of each", about)


def _more() -> None:
    with st.expander("More: split, seed, name, when to stop, size of a worker", icon=":material/tune:"):
        first, second, third = st.columns(3)
        with first:
            about = "Letters, digits, dots and dashes; the search is called so."
            fields.text(("name",), "Name", about, otherwise="as the data")
            about = "Everything that is drawn by chance begins with it: the same seed, the same suggestions."
            fields.number(("seed",), "Seed", about)
            about = "The search ends when a trial's score is this good."
            fields.number(("budget", "target"), "Good enough", about, otherwise="no bound", step=0.01)
            about = "The search ends after so many trials without a better one."
            fields.number(("budget", "plateau"), "Trials without a better one", about, otherwise="no bound")
        with second:
            about = "Of the rows, by which configurations are compared."
            fields.number(("split", "validation"), "Share for validation", about, step=0.05, most=1)
            about = "Of the rows, that no search sees: the leaderboard is scored on them."
            fields.number(("split", "test"), "Share for the test", about, step=0.05, most=1)
            about = "A column whose values never stand in two splits: a patient, say."
            fields.text(("split", "by"), "Split by group", about, otherwise="by rows")
            about = "A column in whose order the splits follow one another."
            fields.text(("split", "time"), "Split by time", about, otherwise="by chance")
        with third:
            about = "CPUs of each worker."
            fields.number(("resources", "cpus"), "CPUs of a worker", about)
            about = "GPUs of each worker; a share such as 0.25 is allowed."
            fields.number(("resources", "gpus"), "GPUs of a worker", about, otherwise="inferred", step=0.25)
            about = "A random sample of so many rows instead of all."
            fields.number(("data", "max_rows"), "Rows at most", about, otherwise="all")
            about = "Searches with more of it get workers first."
            fields.number(("priority",), "Priority", about)
        st.caption(
            "Everything else is written in the YAML, and stays when the form changes: the space, the queue, "
            "constraints, how the data is read."
        )

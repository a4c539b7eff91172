"""The page New search under Streamlit's own test driver: in every state, with what is typed, chosen and submitted."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dashboard_store as rows
import pytest
from dashboard_app import said as said_in_markdown
from dashboard_store import HOSTILE
from service.conftest import serving

pytest.importorskip("streamlit", reason="Streamlit is not installed")
from automl.errors import RequestError
from automl.execution.process_jobs import ProcessJobs
from automl.service.capacity import Capacity
from automl.service.limits import Limits
from automl.service.serve import Compute, configuration
from automl.service.tokens import Tokens
from automl.store import open_store
from dashboard import access, own_service
from dashboard.drafts import draft
from dashboard.entrance import OPEN
from dashboard.processes import MOST_AT_ONCE, Question
from dashboard.queries import datasets

SMALL = "data: {name: iris}\nfamilies: [mlp]\nbudget: {trials: 2, epochs: 1}\nresources: {workers: 1, cpus: 1000}\n"


@pytest.fixture(autouse=True)
def alone_in_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No service is named, and none that a test starts outlives it."""
    monkeypatch.delenv("AUTOML_URL", raising=False)
    monkeypatch.delenv("AUTOML_TOKEN", raising=False)
    access.open_for(OPEN)
    yield
    own_service.stop_all()
    access.open_for(OPEN)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    open_store(tmp_path / "store", create=True)
    return tmp_path / "store"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A service over a store; gives what makes the session one of a user with a role."""
    store = open_store(tmp_path / "team", create=True)
    many = Limits(requests=10**6, failed_logins=10**6)
    on = Compute(ProcessJobs(str(store)), Capacity())
    with serving(configuration(store, "127.0.0.1", 0, limits=many, on=on)) as url:
        monkeypatch.setenv("AUTOML_URL", url)

        def sign_in(role: Any) -> Path:
            monkeypatch.setenv("AUTOML_TOKEN", Tokens(store).create(f"a-{role}", role, timedelta(hours=1))[0])
            return tmp_path / "team"

        yield sign_in


def said(app: Any) -> str:
    """Every sentence of the page, as it is read."""
    return said_in_markdown(app).replace("\\", "")


def typed(app: Any, text: str) -> Any:
    """The page after somebody typed this into the editor."""
    app.session_state["draft-text"] = text
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: Any) -> str:
    return str(app.session_state["draft-text"])


def problems(app: Any) -> list[tuple[int | None, str]]:
    """What the editor shows to be wrong."""
    (field,) = app.get("bidi_component")
    return [(one["line"], one["sentence"]) for one in json.loads(field.proto.json)["problems"]]


def until_answered(app: Any, seconds: float = 120.0) -> Any:
    end = time.monotonic() + seconds
    while "draft-sending" in app.session_state and not app.session_state["draft-sending"].answer.done():
        assert time.monotonic() < end, "the service gave no answer"
        time.sleep(0.1)
    app.run()
    assert not app.exception, app.exception
    return app


def test_it_begins_with_a_small_spec_that_is_valid(see, empty: Path) -> None:
    app = see(empty, "new")
    assert app.title[0].value == "New search"
    assert text_of(app) == draft.FIRST
    assert problems(app) == []
    assert app.selectbox(key="form-data-name").value == "breast_cancer"
    assert app.text_input(key="form-budget-time").value == "10m"
    assert not app.button(key="submit").disabled
    assert f"automl validate spec.yaml --json --store {empty}" in said(app)


def test_the_form_changes_the_yaml_and_keeps_its_comments(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "data: {name: iris}  # flowers\nbudget:\n  trials: 5 # few\n  time: 5m\n")
    app.number_input(key="form-budget-trials").set_value(9).run()
    assert text_of(app) == "data: {name: iris}  # flowers\nbudget:\n  trials: 9 # few\n  time: 5m\n"
    app.multiselect(key="form-families").set_value(["mlp", "resnet"]).run()
    assert text_of(app).endswith("time: 5m\nfamilies: [mlp, resnet]\n")
    app.number_input(key="form-budget-epochs").set_value(3).run()
    assert "The comments in the part budget are gone" in said(app)
    app.number_input(key="form-budget-trials").set_value(None).run()
    assert "trials" not in text_of(app)
    app.selectbox(key="form-search-sampler").set_value("random").run()
    assert text_of(app).endswith("search:\n  sampler: random\n")
    app.selectbox(key="form-search-sampler").set_value("auto").run()
    assert "search" not in text_of(app)


def test_the_yaml_changes_the_form(see, empty: Path) -> None:
    app = typed(
        see(empty, "new"), SMALL + "objectives: [accuracy, latency_ms]\nsplit: {validation: 0.3}\nseed: 4\n"
    )
    assert app.selectbox(key="form-data-name").value == "iris"
    assert app.multiselect(key="form-families").value == ["mlp"]
    assert app.multiselect(key="form-objectives").value == ["accuracy", "latency_ms"]
    assert app.number_input(key="form-budget-trials").value == 2
    assert app.number_input(key="form-split-validation").value == 0.3
    assert app.number_input(key="form-seed").value == 4
    app = typed(app, "data: {name: iris}\nbudget: {time: 90.0}\n")
    assert app.text_input(key="form-budget-time").value == "90s"


def test_what_the_form_cannot_show_is_named_and_kept(see, empty: Path) -> None:
    text = (
        "data: {openml: 31, target: class}\nfamilies: [{name: mlp, space: {depth: 2}}, {name: tabm}]\n"
        "budget: {trials: many, time: [1]}\nsearch: {sampler: grid}\n"
    )
    app = typed(see(empty, "new"), text)
    assert "In the YAML: many" in said(app)
    assert "In the YAML: grid" in said(app)
    app.multiselect(key="form-families").set_value(["mlp", "tabm", "resnet"]).run()
    assert "- {name: mlp, space: {depth: 2}}\n- {name: tabm}\n- resnet\n" in text_of(app)
    app.multiselect(key="form-families").set_value(["resnet"]).run()
    assert "With it went what the YAML said of it" in said(app)
    assert "budget: {trials: many, time: [1]}" in text_of(app)


def test_problems_stand_at_their_lines_and_nothing_can_be_submitted(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "data: {name: iris}\nbudget: {trials: 0}\n")
    assert problems(app) == [(2, "budget.trials must be at least 1, but got 0.")]
    assert app.button(key="submit").disabled
    assert "The spec is not valid yet" in said(app)
    assert "It comes as soon as the spec is valid." in said(app)


def test_yaml_that_cannot_be_read_leaves_the_form_as_it_was_and_waiting(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "data: {name: iris}\nbudget: {trials: 3")
    assert problems(app)[0][0] == 2
    assert "The form waits until the YAML can be read." in said(app)
    assert app.number_input(key="form-budget-trials").disabled


def test_a_megabyte_and_hostile_text_are_sentences(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "a: " + "x" * 1_000_000)
    assert problems(app) == [(None, "A spec has at most 65536 bytes, but the spec has 1000003.")]
    app = typed(
        app,
        f"data: {json.dumps({'path': HOSTILE, 'target': [HOSTILE, 'a']})}\nfamilies: [{json.dumps(HOSTILE)}]",
    )
    assert len(problems(app)) == 2
    for element in (*app.markdown, *app.caption, *app.error, *app.warning):
        assert "<img" not in element.value.replace("\\<", "")


def test_it_begins_with_the_spec_of_a_search(see, tmp_path: Path) -> None:
    spec = {
        "data": {"name": "iris", "types": {}, "path": None},
        "families": [{"name": "mlp", "file": None}],
        "seed": 0,
    }
    store = rows.write(tmp_path, [rows.search("one", spec=json.dumps(spec | {"budget": {"trials": 7}}))])
    app = see(store, "new", **{"from": "one-0a1b2c3d"})
    assert text_of(app) == "data:\n  name: iris\nfamilies: [mlp]\nbudget:\n  trials: 7\n"
    assert "This is the spec of one" in said(app)
    app = typed(app, SMALL)
    app.run()
    assert text_of(app) == SMALL


def test_the_text_before_that_of_a_search_can_be_had_back(see, tmp_path: Path) -> None:
    spec = json.dumps({"data": {"name": "iris"}})
    store = rows.write(tmp_path, [rows.search("one", spec=spec)])
    app = typed(see(store, "new"), SMALL)
    app.query_params["from"] = "one-0a1b2c3d"
    app.run()
    assert text_of(app) == "data:\n  name: iris\n"
    app.button(key="before").click().run()
    assert text_of(app) == SMALL


@pytest.mark.parametrize(
    ("search_id", "sentence"),
    [
        ("nope", "nope"),
        ("one-0a1b2c3d", "the spec of one-0a1b2c3d: data is missing."),
        (HOSTILE, "There is no search"),
    ],
)
def test_a_search_without_a_spec_to_begin_with_is_named(
    see, tmp_path: Path, search_id: str, sentence: str
) -> None:
    app = see(rows.write(tmp_path, [rows.search("one")]), "new", **{"from": search_id})
    assert "There is no spec to begin with" in app.warning[0].value
    assert sentence in said(app)
    assert text_of(app) == draft.FIRST


def test_a_file_of_the_machine_shows_its_columns(see, empty: Path, tmp_path: Path) -> None:
    table = tmp_path / "houses.csv"
    table.write_text("size,price\n1,2\n3,4\n")
    app = typed(see(empty, "new"), f"data: {{path: {table}}}\n")
    assert app.multiselect(key="form-data-target").options == ["size", "price"]
    app.multiselect(key="form-data-target").set_value(["price"]).run()
    assert text_of(app) == f"data: {{path: {table}, target: price}}\n" or "target: price" in text_of(app)
    app = typed(app, f"data: {{path: {table}, target: rooms}}\n")
    assert "There is no column 'rooms' in the data" in said(app)
    table.write_bytes(b"\0\1")
    app.run()
    assert "The first rows of houses.csv cannot be read" in said(app)
    app = typed(app, f"data: {{path: {tmp_path}/none.csv}}\n")
    assert problems(app) == [
        (1, f"data.path: there is nothing at {tmp_path}/none.csv on the dashboard's machine; check the path.")
    ]


def test_an_upload_becomes_the_data_and_its_target_is_asked_for(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "data: {name: iris, target: species, max_rows: 50}\n")
    app.segmented_control(key="form-origin").set_value("Upload").run()
    app.file_uploader(key="form-upload").set_value(("../hou ses.csv", b"size,price\n1,2\n", "text/csv")).run()
    assert not app.exception, app.exception
    path = app.session_state["draft-checked"][2].plain["data"]["path"]
    assert Path(path).name == "hou_ses.csv"
    assert Path(path).read_bytes() == b"size,price\n1,2\n"
    assert text_of(app) == f"data: {{path: {path}, max_rows: 50}}\n"
    assert "The target species was of the data before: choose one." in said(app)
    assert app.multiselect(key="form-data-target").options == ["size", "price"]
    assert problems(app) == []


def test_who_may_only_look_may_do_all_but_submit(see, team: Any) -> None:
    app = see(team("viewer"), "new")
    assert "You can write a spec, check it and save it as a file, but not submit it." in app.info[0].value
    assert app.button(key="submit").disabled
    assert "This takes the role submitter; yours is viewer." in said(app)
    app = typed(app, "data: {path: /etc/passwd, target: x}\n")
    assert problems(app) == [(1, "data.path: data travel to the service as uploads: upload the file here.")]
    assert app.segmented_control(key="form-origin").options == ["Known by name", "Upload"]


@pytest.mark.parametrize("role", ["viewer", "submitter", "author", "admin"])
def test_code_that_was_uploaded_is_never_run_for_users_of_a_service(see, team: Any, role: str) -> None:
    """The preview would import it on the dashboard's machine."""
    app = see(team(role), "new")
    code = app.session_state["draft-folder"].keep("mine.py", b"raise SystemExit('it ran')")
    typed(app, f"data: {{name: iris}}\nfamilies: [{{file: {code}}}]\n")
    assert [sentence for _, sentence in problems(app)] == [
        "families.0.file: families of your own are code, which travels by `automl submit --with-code` alone."
    ]
    typed(app, "data: {openml: 61}\n")
    assert [sentence for _, sentence in problems(app)] == [
        "data.openml: the service fetches no data from elsewhere: download them, and upload the file."
    ]


def test_a_spec_is_submitted_once(see, team: Any) -> None:
    store = team("submitter")
    app = typed(see(store, "new"), SMALL)
    app.button(key="submit").click().run()
    first = app.session_state["draft-sending"]
    app = until_answered(app)
    accepted = first.answer.result()
    assert f"**{accepted.search_id}** is accepted and queued" in said(app)
    assert accepted.search_id.startswith("iris-")
    assert app.button(key="submit").disabled
    assert "It has been submitted. Change the spec to submit another." in said(app)
    assert open_store(store).search_ids() == [accepted.search_id]
    app = typed(typed(app, SMALL + "# again\n"), SMALL)
    assert app.session_state["draft-sending"] is first


def test_what_the_service_refuses_is_said_and_the_text_stays(see, team: Any) -> None:
    text = SMALL.replace("resources:", "constraints: {n_parameterz: '<= 5'}\nresources:")
    app = typed(see(team("submitter"), "new"), text)
    app.button(key="submit").click().run()
    app = until_answered(app)
    assert "constraints.n_parameterz is not measured" in said(app)
    assert problems(app)[0][0] == 4
    assert "Nothing of what you wrote is lost." in said(app)
    assert text_of(app) == text
    assert not app.button(key="submit").disabled


def test_the_same_key_is_the_same_submission(team: Any) -> None:
    from automl.remote import connected
    from automl.spec import parse_spec
    from dashboard.drafts import yaml_text

    store = team("submitter")
    service = connected()
    assert service is not None
    spec = parse_spec(yaml_text.read(SMALL))
    answers = [service.submit(spec, key="a-key-of-ours") for _ in range(2)]
    assert answers[0] == answers[1]
    assert open_store(store).search_ids() == [answers[0]["search_id"]]


def test_without_a_data_set_it_says_what_to_do(see, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "registered", tuple)
    assert "No data set is known by name yet" in said(see(empty, "new"))


def previewed(app: Any, shown: str, seconds: float = 200.0) -> Any:
    """The page once its preview has come."""
    end = time.monotonic() + seconds
    while shown not in said(app):
        assert time.monotonic() < end, said(app)
        time.sleep(0.5)
        app.run()
        assert not app.exception, app.exception
    return app


def test_the_preview_shows_what_it_costs_and_searches(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "data: {name: iris}\nfamilies: [mlp]\nbudget: {trials: 4, epochs: 1}\n")
    assert "Reading the data, training one batch of each family" in app.get("status")[0].label
    app = previewed(app, "Space of each family")
    assert [metric.label for metric in app.metric] == [
        "Time",
        "Memory of a worker",
        "Disk",
        "Trials",
        "Workers",
    ]
    assert app.metric[3].value == "4"
    assert "8 configurations, drawn at random by the seed" in said(app)
    assert "About 4 trials in " in said(app)
    samples = next(frame.value for frame in app.dataframe if "Parameter" in frame.value.columns)
    assert samples.shape[1] == 9
    tree = app.table[0].value
    assert "whole number from 1 to 6" in tree["Values"].to_list()
    again = see(empty, "new")  # another session: what is known is not asked again
    assert "Space of each family" in said(typed(again, text_of(app)))


def test_what_is_wrong_with_the_data_is_said_at_its_line(see, empty: Path, tmp_path: Path) -> None:
    table = tmp_path / "houses.csv"
    table.write_text("size,price\n" + "".join(f"{n},{n % 7}\n" for n in range(60)))
    app = typed(see(empty, "new"), f"budget: {{trials: 1}}\ndata: {{path: {table}, target: rooms}}\n")
    app = previewed(app, "has no column 'rooms' to be the target")
    assert problems(app)[0][0] == 2
    assert app.button(key="estimate-again")


def test_a_search_that_exists_is_offered_instead(see, tmp_path: Path) -> None:
    text = "data: {name: iris}\nfamilies: [mlp]\nbudget: {trials: 4, epochs: 1}\n"
    open_store(tmp_path / "store", create=True)
    app = previewed(typed(see(tmp_path / "store", "new"), text), "Space of each family")
    found = re.search(r"The search will be (\S+)\. Estimated", said(app))
    assert found is not None
    rows.write(tmp_path / "store", [rows.search("iris", search_id=found[1])])
    app = typed(see(tmp_path / "store", "new"), text)
    app = previewed(app, "This search exists, it is complete")
    assert app.button(key="submit").disabled
    assert "This search exists already." in said(app)


def test_a_change_of_the_spec_gives_up_what_was_asked_before(see, empty: Path) -> None:
    app = typed(see(empty, "new"), "data: {name: digits}\nfamilies: [cnn]\nbudget: {trials: 1}\n")
    asked = app.session_state["draft-asked"]
    end = time.monotonic() + 60
    while asked.question.running_seconds is None:
        assert time.monotonic() < end, "it has not begun"
        time.sleep(0.2)
        app.run()
    process = asked.question._process
    typed(app, "data: {name: digits}\nbudget: {trials: 0}\n")
    assert process.poll() is not None
    assert not asked.file.exists()
    assert app.session_state["draft-asked"] is None


def test_at_most_so_many_questions_are_answered_at_once() -> None:
    questions = [Question("validate", "/none.yaml") for _ in range(MOST_AT_ONCE + 1)]
    for question in questions:
        question.done()
    assert [question.running_seconds is not None for question in questions] == [True] * MOST_AT_ONCE + [False]
    questions[0].give_up()
    questions[-1].done()
    assert questions[-1].running_seconds is not None
    end = time.monotonic() + 120
    while not questions[-1].done():
        assert time.monotonic() < end
        time.sleep(0.1)
    with pytest.raises(RequestError, match=r"^There is no spec file /none\.yaml; check the path\.$"):
        questions[-1].answer()
    for question in questions:
        question.give_up()

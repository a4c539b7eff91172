"""What each part of a row adds to what a network says of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from automl.errors import RequestError
from automl.explaining.embeddings import find_embedded
from automl.explaining.gradients import STEPS, integrated
from automl.explaining.occlusion import occluded
from automl.explaining.question import Question, check_predicts, question
from automl.signature import Field, Signature
from automl.task import Array, TargetScale, Task, TaskKind
from automl.training.predict import to_tensors

TABLE = Signature("table", {"numeric": Field((4,)), "categorical": Field((2,), "int64", (3, 4))}, 1)
THE_NUMBER = question(Task("regression", "y"), TargetScale(), np.zeros(1))


class Linear(nn.Module):
    """``numeric @ weight``, and a vector of one number for each category."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = nn.Linear(4, 1)
        self.table = nn.Embedding(7, 1)
        self.places = nn.Embedding(2, 1)

    def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
        codes = categorical + torch.tensor([0, 3])
        places = self.places(torch.arange(2).expand(len(codes), 2))
        return self.numbers(numeric) + self.table(codes).sum(1) + places.sum(1)  # type: ignore[no-any-return]


def a_row(seed: int = 0) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    return {"numeric": random.normal(size=(1, 4)).astype(np.float32), "categorical": np.array([[2, 1]])}


def test_attributions_of_a_linear_network_are_its_weights_times_the_differences() -> None:
    torch.manual_seed(0)
    network, row = Linear().eval(), a_row()
    embedded = find_embedded(network, TABLE, tensors(row))
    assert embedded is not None
    assert embedded["categorical"].module is network.table, (
        "the embedding of places is the same for every row"
    )
    found = integrated(network, tensors(row), embedded, THE_NUMBER)
    assert found is not None
    weights, vectors = network.numbers.weight.detach().numpy()[0], network.table.weight.detach().numpy()[:, 0]
    np.testing.assert_allclose(found.fields["numeric"], weights * row["numeric"][0], rtol=1e-6)
    middles = np.array([vectors[1:3].mean(), vectors[4:7].mean()])  # the first code of each is of no category
    np.testing.assert_allclose(found.fields["categorical"], vectors[[2, 4]] - middles, rtol=1e-5)
    assert found.gap == pytest.approx(0, abs=1e-5)
    assert found.steps == STEPS


def test_occlusion_of_a_linear_network_gives_the_same_for_numbers() -> None:
    torch.manual_seed(0)
    network, row = Linear().eval(), a_row()
    parts = [{"numeric": np.arange(4) == place} for place in range(4)]
    parts += [{"categorical": np.arange(2) == place} for place in range(2)]
    found = occluded(network, tensors(row), parts, THE_NUMBER)
    weights, vectors = network.numbers.weight.detach().numpy()[0], network.table.weight.detach().numpy()[:, 0]
    np.testing.assert_allclose(found.fields["numeric"], weights * row["numeric"][0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        found.fields["categorical"], vectors[[2, 4]] - vectors[[0, 3]], rtol=1e-4, atol=1e-6
    )
    assert found.gap == pytest.approx(0, abs=1e-5)


def trained(inputs: Array, target: Array) -> nn.Module:
    """A small network that has learnt a target of some columns."""

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(
                nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.GELU(), nn.Linear(32, 1)
            )

        def forward(self, numeric: Tensor) -> Tensor:
            return self.layers(numeric)  # type: ignore[no-any-return]

    torch.manual_seed(0)
    network, x, y = Small(), torch.from_numpy(inputs), torch.from_numpy(target)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        functional.mse_loss(network(x)[:, 0], y).backward()
        optimizer.step()
    return network.eval()


def test_attributions_of_a_trained_network_add_up_and_find_the_column_that_matters() -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(400, 4)).astype(np.float32)
    target = (3 * inputs[:, 1] + np.sin(inputs[:, 2])).astype(
        np.float32
    )  # the first and the last say nothing
    network = trained(inputs, target)
    sizes = np.zeros(4)
    for place in range(40):
        found = integrated(network, tensors({"numeric": inputs[place : place + 1]}), {}, THE_NUMBER)
        assert found is not None
        assert found.gap is not None
        assert found.gap < 0.05
        sizes += np.abs(found.fields["numeric"]) / 40
    assert sizes.argmax() == 1
    assert sizes[[0, 3]].max() < 0.05 * sizes[1]


def test_attributions_add_up_where_a_network_bends_often() -> None:
    class Bent(nn.Module):
        def forward(self, numeric: Tensor) -> Tensor:
            return (20 * numeric).sin().sum(1, keepdim=True)

    found = integrated(Bent(), tensors({"numeric": np.full((1, 4), 1.3, np.float32)}), {}, THE_NUMBER)
    assert found is not None
    assert found.steps >= STEPS
    assert found.gap is not None
    assert found.gap < 0.05


def test_codes_that_no_embedding_takes_have_no_path() -> None:
    class OneHot(Linear):
        def forward(self, numeric: Tensor, categorical: Tensor) -> Tensor:
            return self.numbers(numeric) + functional.one_hot(categorical, 4).float().sum((1, 2)).unsqueeze(1)

    assert find_embedded(OneHot().eval(), TABLE, tensors(a_row())) is None


def test_inputs_that_no_gradient_reaches_have_no_attributions() -> None:
    class Rounded(nn.Module):
        def forward(self, numeric: Tensor) -> Tensor:
            return (numeric > 0).float().sum(1, keepdim=True)

    assert integrated(Rounded(), tensors({"numeric": np.ones((1, 4), np.float32)}), {}, THE_NUMBER) is None


def tensors(inputs: Mapping[str, Array]) -> dict[str, Tensor]:
    return to_tensors(inputs, "cpu")


OUTPUTS = torch.tensor([[[1.0, 5.0, 2.0], [3.0, 5.0, 0.0]]])  # one row, two predictions of three numbers


@pytest.mark.parametrize(
    ("task", "scale", "prediction", "answer", "what"),
    [
        (
            Task("classification", "y", ("a", "b", "c")),
            TargetScale(),
            [0.2, 0.1, 0.7],
            1.0,
            "the logit of the predicted class",
        ),
        (
            Task("multilabel", "y", ("a", "b", "c")),
            TargetScale(),
            [0.2, 0.9, 0.8],
            5.0,
            "the logit of the likeliest label",
        ),
        (
            Task("quantile", "y", scales={"levels": (0.1, 0.5, 0.9)}),
            TargetScale(10.0, 2.0),
            [0, 1, 2],
            20.0,
            "the quantile 0.5, in its own units",
        ),
        (
            Task("forecasting", "y", targets=("y",), horizon=3),
            TargetScale((10.0,) * 3, (3.0,) * 3),
            [0, 1, 2],
            18.0,
            "the mean of the forecast, in its own units",
        ),
        (
            Task("regression", "a, b, c", targets=("a", "b", "c")),
            TargetScale((10.0,) * 3, (3.0,) * 3),
            [0, 1, 2],
            8 / 3,
            "the mean of the predictions, in deviations of each target",
        ),
    ],
)
def test_question_is_about_one_number(
    task: Task, scale: TargetScale, prediction: list[float], answer: float, what: str
) -> None:
    ask = question(task, scale, np.array(prediction, float))
    assert ask(OUTPUTS).item() == pytest.approx(answer)
    assert ask.what == what


def test_question_of_a_single_number_is_in_its_own_units() -> None:
    ask = question(Task("regression", "y"), TargetScale(10.0, 2.0), np.zeros(1))
    assert isinstance(ask, Question)
    assert ask(torch.tensor([[1.5]])).item() == 13.0
    assert ask.what == "the predicted number, in its own units"


@pytest.mark.parametrize(
    ("kind", "do"), [("generation", "make up rows"), ("representation", "give an embedding of a row")]
)
def test_networks_that_predict_nothing_are_refused(kind: TaskKind, do: str) -> None:
    with pytest.raises(RequestError) as refused:
        check_predicts(Task(kind, ""))
    assert str(refused.value) == (
        f"The networks of this search {do} and predict nothing, so that there is no prediction to explain."
    )

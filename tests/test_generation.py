"""What learns from the rows alone, and how it is judged: units, distances, adversaries, features, metrics."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from automl import catalog
from automl.data.generated.features import N_FEATURES, Features, fit_features
from automl.family import Family, TrainingRun
from automl.metric import Metric
from automl.metrics.frechet_distance import frechet_distance
from automl.metrics.generation_precision import covered
from automl.metrics.neighbour_accuracy import neighbour_accuracy
from automl.signature import Field, Signature
from automl.space import Leaf, default, fill, leaves
from automl.task import Rows, TargetScale, Task
from search_spaces._adversarial import critic_loss
from search_spaces._coders import decoder, encoder
from search_spaces._distance import Balance, Distance
from search_spaces._fields import Layout, PixelRange, corrupted
from search_spaces._likelihoods import Likelihood
from search_spaces.vae import Prior

TABLE = {"numeric": Field((3,)), "categorical": Field((2,), "int64", (4, 3))}
IMAGE = {"image": Field((2, 9, 8))}
PLAIN_LAYERS = {"activation": "relu", "normalisation": "none", "dropout": 0.0, "depth": 2, "width": 16}


def some_rows(fields: dict[str, Field], n_rows: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(n_rows, *field.shape, generator=generator)
        if field.dtype == "float32"
        else torch.stack([torch.randint(n, (n_rows,), generator=generator) for n in field.cardinalities], 1)
        for name, field in fields.items()
    }


def configured(family: Family, kind: str, **chosen: Any) -> dict[str, Any]:
    def choose(path: str, leaf: Leaf) -> Any:
        return chosen.get(path, default(path, leaf))

    configuration = fill(family.architecture(kind), choose)
    assert set(chosen) <= {path for path, _ in leaves(family.architecture(kind))}
    return configuration


def branches(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Every option of every choice of a family, alone."""
    family = catalog.family(name)
    found = []
    for kind in family.kinds:
        for path, leaf in leaves(family.architecture(kind)):
            above = {".".join(path.split(".")[:-2]): path.split(".")[-2]} if "." in path else {}
            if hasattr(leaf, "options") and not path.startswith("optimizer"):
                found += [(kind, {**above, path: option}) for option in leaf.names]
    return found


CASES = list(chain.from_iterable(((n, *case) for case in branches(n)) for n in ("autoencoder", "vae", "gan")))


@pytest.mark.parametrize(("name", "kind", "chosen"), CASES)
def test_every_option_trains_and_does_what_its_tasks_need(name: str, kind: str, chosen: Any) -> None:
    family = catalog.family(name)
    fields = IMAGE if kind == "image" else TABLE
    for task in family.tasks:
        signature = Signature(kind, fields, 1 if task == "anomaly" else 0)
        torch.manual_seed(0)
        network: Any = family.build(configured(family, kind, width=32, code=8, **chosen), signature)
        rows = some_rows(fields, 12)
        loss = network.train().loss(**rows)
        assert loss.shape == (12,)
        loss.mean().backward()
        assert all(w.grad is not None and w.grad.isfinite().all() for w in trained(network))
        with torch.no_grad():
            network.eval()
            if task == "generation":
                made = network.generate(7)
                assert {n: (v.shape, v.dtype) for n, v in made.items()} == {
                    n: (torch.Size((7, *f.shape)), getattr(torch, f.dtype)) for n, f in fields.items()
                }
                continue
            given = network(**rows)
        assert given.shape == (12, 1 if task == "anomaly" else 8)
        assert given.isfinite().all()


def trained(network: nn.Module) -> list[nn.Parameter]:
    return [weights for weights in network.parameters() if weights.requires_grad]


def test_units_and_fields_are_each_others_opposite() -> None:
    layout = Layout(Signature("table", TABLE, 0))
    rows = some_rows(TABLE, 5)
    units = layout(**rows)
    assert units.shape == (5, 3 + 4 + 3)
    numbers, one_hot = layout.split(units)
    back = layout.fields(numbers, 1e4 * one_hot)
    assert all(torch.equal(back[name], rows[name]) for name in rows)


def test_category_errors_are_cross_entropies() -> None:
    layout = Layout(Signature("table", TABLE, 0))
    codes = some_rows(TABLE, 6)["categorical"]
    _, one_hot = layout.split(layout(numeric=torch.zeros(6, 3), categorical=codes))
    logits = torch.randn(6, 7)
    wanted = [
        nn.functional.cross_entropy(part, codes[:, j], reduction="none")
        for j, part in enumerate((logits[:, :4], logits[:, 4:]))
    ]
    torch.testing.assert_close(layout.category_errors(logits, one_hot), torch.stack(wanted, 1))


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 8, 8), (3, 17, 12), (1, 28, 28), (2, 5, 40), (1, 2, 3)])
@pytest.mark.parametrize("layers", ["dense", "convolutional"])
def test_coders_serve_images_of_any_size(shape: tuple[int, ...], layers: str) -> None:
    layout = Layout(Signature("image", {"image": Field(shape)}, 0))
    settings = {**PLAIN_LAYERS, "layers": layers}
    coder, n_features = encoder(settings, layout)
    assert coder(torch.randn(2, layout.width)).shape == (2, n_features)
    assert decoder(settings, layout, 5)(torch.randn(2, 5)).shape == (2, layout.width)


def test_corruption_masks_and_adds_noise() -> None:
    layout = Layout(Signature("table", TABLE, 0))
    units = layout(**some_rows(TABLE, 400))
    assert corrupted(units, layout, {"name": "none"}) is units
    masked = corrupted(units, layout, {"name": "masking", "share": 0.3})
    assert ((masked == 0) & (units != 0)).sum() / (units != 0).sum() == pytest.approx(0.3, abs=0.05)
    noisy = corrupted(units, layout, {"name": "gaussian", "deviation": 0.5}) - units
    assert noisy[:, :3].std() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(noisy[:, 3:], torch.zeros(400, 7))


def test_pixels_stay_in_the_range_that_was_seen() -> None:
    scale = PixelRange((2, 3, 3))
    pixels = torch.randn(10, 18)
    scale.observe(pixels)
    torch.testing.assert_close(scale.pixels(scale.shares(pixels)), pixels)
    assert scale.shares(9 * pixels).min() == 0
    assert scale.shares(9 * pixels).max() == 1


def test_distance_is_that_of_mahalanobis() -> None:
    torch.manual_seed(0)
    rows = torch.randn(500, 3) @ torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.1]]) + 3
    distance = Distance(3, trim=0.0, shrinkage=1e-6)
    distance.observe(rows)
    centred = (rows - rows.mean(0)).double()
    inverse = torch.linalg.inv(centred.T @ centred / len(rows))
    wanted = torch.einsum("ij,jk,ik->i", centred, inverse, centred) / 3
    torch.testing.assert_close(distance.eval()(rows).double(), wanted, rtol=1e-2, atol=1e-3)


def test_trimmed_distance_leaves_out_the_strange_rows() -> None:
    torch.manual_seed(0)
    rows = torch.cat([torch.randn(80, 2), torch.randn(20, 2) * 0.1 + 8])
    distance = Distance(2, trim=0.3, shrinkage=0.01)
    for _ in range(3):
        distance.train().observe(rows)
        distance.eval()
    assert distance.mean.abs().max() < 0.3
    assert distance(rows[80:]).min() > distance(rows[:80]).max()


def test_distance_of_wide_vectors_has_variances_alone() -> None:
    distance = Distance(300, trim=0.0, shrinkage=1e-6)
    distance.observe(3 * torch.randn(200, 300))
    assert distance.whitening.shape == (300,)
    assert distance.eval()(3 * torch.randn(200, 300)).mean() == pytest.approx(1, abs=0.1)


def test_balance_gives_each_score_the_same_weight() -> None:
    balance = Balance(2)
    balance.observe(torch.tensor([[1.0, 100.0], [3.0, 300.0], [5.0, 500.0]]))
    torch.testing.assert_close(balance(torch.tensor([[3.0, 600.0]])), torch.tensor([1.5]))


@pytest.mark.parametrize("name", ["gaussian", "laplace"])
def test_likelihood_is_that_of_the_distribution(name: str) -> None:
    layout = Layout(Signature("table", {"numeric": Field((4,))}, 0))
    settings = {"name": name, "scale": {"name": "fixed", "size": 0.5}}
    rebuilt, numbers = torch.randn(6, 4), torch.randn(6, 4)
    kind = {"gaussian": torch.distributions.Normal, "laplace": torch.distributions.Laplace}[name]
    model = Likelihood(settings, layout)
    torch.testing.assert_close(model.errors(rebuilt, numbers), -kind(rebuilt, 0.5).log_prob(numbers))
    drawn = model.sample(torch.zeros(4000, 4), noisy=True)
    assert drawn.std() == pytest.approx(float(kind(0.0, 0.5).stddev), abs=0.02)
    assert torch.equal(model.sample(rebuilt, noisy=False), rebuilt)


def test_mixture_prior_has_the_density_of_a_mixture() -> None:
    prior = Prior(3, {"name": "mixture", "components": 5})
    nn.init.normal_(prior.log_variances)
    nn.init.normal_(prior.logits)
    code, log_variance = torch.randn(7, 3), torch.randn(7, 3)
    parts = torch.distributions.Normal(prior.means, (0.5 * prior.log_variances).exp())
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(logits=prior.logits), torch.distributions.Independent(parts, 1)
    )
    entropy = torch.distributions.Normal(code, (0.5 * log_variance).exp()).entropy().sum(1)
    wanted = -entropy - mixture.log_prob(code)
    torch.testing.assert_close(prior.divergence(code, log_variance, code), wanted, rtol=1e-4, atol=1e-4)
    assert prior.sample(11).shape == (11, 3)


def test_divergence_is_warmed_up_by_steps_that_are_kept() -> None:
    family = catalog.family("vae")
    configuration = configured(family, "table", divergence_warm_up=10, prior="normal")
    torch.manual_seed(0)
    network: Any = family.build(configuration, Signature("table", TABLE, 0)).train()
    rows = some_rows(TABLE, 8)
    losses = []
    for _ in range(11):
        torch.manual_seed(1)
        losses.append(network.loss(**rows).mean().item())
    assert losses == sorted(losses)
    assert losses[10] > losses[0]
    assert network.state_dict()["n_steps"] == 11


def test_wasserstein_penalty_is_least_at_slope_one() -> None:
    objective = {"name": "wasserstein", "penalty": 10.0}
    rows = torch.randn(20, 1)
    for slope, wanted in ((1.0, 0.0), (3.0, 40.0)):
        critic = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(0))
        nn.init.constant_(critic[0].weight, slope)
        assert critic_loss(critic, rows, rows, objective).item() == pytest.approx(wanted, abs=1e-3)


def gan_run(**chosen: Any) -> TrainingRun:
    family = catalog.family("gan")
    configuration = configured(family, "table", width=32, code=8, **chosen)
    torch.manual_seed(0)
    network = family.build(configuration, Signature("table", TABLE, 0)).train()
    none = Rows({}, np.empty(0), np.empty(0))
    task = Task("generation", "")
    return TrainingRun(network, configuration, task, none, none, TargetScale(), (), 0, 1)


def test_generator_learns_only_after_so_many_steps_of_the_critic() -> None:
    run = gan_run(critic_steps=3)
    network: Any = run.network
    step = catalog.family("gan").step(run)  # type: ignore[misc]
    assert set(step.optimizers) == {"critic", "generator"}
    rows = some_rows(TABLE, 16)
    first = [w.detach().clone() for w in network.generator.parameters()]
    for number in range(1, 4):
        critic = [w.detach().clone() for w in network.critic.parameters()]
        loss = step(rows, torch.zeros(16))
        assert loss.shape == ()
        assert loss.isfinite()
        assert not loss.requires_grad
        assert any(not torch.equal(a, b) for a, b in zip(critic, network.critic.parameters(), strict=True))
        moved = any(not torch.equal(a, b) for a, b in zip(first, network.generator.parameters(), strict=True))
        assert moved == (number == 3)


def test_average_follows_the_generator() -> None:
    network: Any = gan_run().network
    for weights in network.generator.parameters():
        nn.init.constant_(weights, 2.0)
    for _ in range(100):
        network.follow()
    for weights in network.average.parameters():
        torch.testing.assert_close(weights, torch.full_like(weights, 2.0), rtol=1e-3, atol=1e-3)
        assert not weights.requires_grad


def blobs(n_rows: int = 300) -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(0)
    codes = random.integers(0, 3, n_rows)
    images = random.normal(size=(n_rows, 1, 8, 8)).astype(np.float32) * 0.3
    for code in range(3):
        images[codes == code, :, 2 * code : 2 * code + 3] += 1.5
    return {"image": images}, codes


@pytest.mark.parametrize("labelled", [True, False])
def test_features_come_back_from_plain_data(labelled: bool) -> None:
    inputs, codes = blobs()
    fitted = fit_features(inputs, codes if labelled else None, 3, "image", 0)
    found = fitted(inputs)
    assert found.shape == (300, N_FEATURES)
    assert found.dtype == np.float64
    plain, arrays = fitted.to_plain()
    np.testing.assert_array_equal(Features.from_plain(plain, arrays)(inputs), found)
    np.testing.assert_array_equal(
        fit_features(inputs, codes if labelled else None, 3, "image", 0)(inputs), found
    )


def test_features_of_classes_tell_them_apart() -> None:
    inputs, codes = blobs()
    assert neighbour_accuracy(codes, fit_features(inputs, codes, 3, "image", 0)(inputs)) > 0.95


@pytest.mark.parametrize("kind", ["table", "image"])
def test_features_tell_a_gaussian_from_what_is_not(kind: str) -> None:
    random = np.random.default_rng(0)
    signs = random.choice([-1.0, 1.0], (2000, 2))
    numbers = np.column_stack([signs, signs.prod(axis=1)]) + random.normal(size=(2000, 3)) * 0.2
    inputs: dict[str, np.ndarray] = {"numeric": numbers.astype(np.float32)}
    fields = {"numeric": Field((3,))}
    if kind == "image":
        inputs, fields = blobs(2000)[0], {"image": Field((1, 8, 8))}
    features = fit_features(inputs, None, 0, kind, 0)
    half = {name: values[:1000] for name, values in inputs.items()}
    rest = {name: values[1000:] for name, values in inputs.items()}
    task = Task("generation", "")
    rows = Rows(half, np.zeros(1000), np.arange(1000))
    made: Any = catalog.baseline("gaussian").fit(rows, Signature(kind, fields, 0), task, 0)(rest)
    alike = frechet_distance(features(rest), features(half))
    assert frechet_distance(features(rest), features(made)) > 3 * alike


def test_features_stand_columns_of_categories_and_constants() -> None:
    inputs = {
        "numeric": np.ones((50, 2), np.float32),
        "categorical": np.random.default_rng(0).integers(0, 200, (50, 2)),
    }
    features = fit_features(inputs, None, 0, "table", 0)
    unseen = {"numeric": np.zeros((3, 2), np.float32), "categorical": np.full((3, 2), 999)}
    assert np.isfinite(features(unseen)).all()
    alone = {"categorical": inputs["categorical"]}
    assert np.isfinite(fit_features(alone, None, 0, "table", 0)(alone)).all()


def test_gaussian_baseline_has_the_moments_of_the_rows() -> None:
    random = np.random.default_rng(0)
    numbers = (random.normal(size=(5000, 2)) @ np.array([[1.0, 0.8], [0.0, 0.5]]) + 2).astype(np.float32)
    inputs = {"numeric": numbers, "categorical": random.choice([1, 3], (5000, 1), p=[0.2, 0.8])}
    fields = {"numeric": Field((2,)), "categorical": Field((1,), "int64", (4,))}
    rows = Rows(inputs, np.zeros(5000), np.arange(5000))
    fit = catalog.baseline("gaussian").fit
    made: Any = fit(rows, Signature("table", fields, 0), Task("generation", ""), 0)(inputs)
    np.testing.assert_allclose(made["numeric"].mean(0), numbers.mean(0), atol=0.1)
    np.testing.assert_allclose(np.cov(made["numeric"].T), np.cov(numbers.T), atol=0.1)
    assert made["numeric"].dtype == np.float32
    assert made["categorical"].dtype == np.int64
    assert np.mean(made["categorical"] == 3) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("name", ["isolation_forest", "pca"])
def test_baselines_find_plain_anomalies(name: str) -> None:
    random = np.random.default_rng(0)
    line = random.normal(size=(400, 1)) @ np.ones((1, 6)) + random.normal(size=(400, 6)) * 0.1
    strange = random.normal(size=(20, 6)) * 3
    inputs = {"numeric": np.concatenate([line, strange]).astype(np.float32)}
    target = np.repeat([0, 1], [400, 20])
    rows = Rows(inputs, target, np.arange(420))
    signature = Signature("table", {"numeric": Field((6,))}, 1)
    scores = catalog.baseline(name).fit(rows, signature, Task("anomaly", "y", ("no", "yes")), 0)(inputs)
    assert scores.shape == (420,)
    assert np.median(scores[target == 1]) > np.quantile(scores[target == 0], 0.95)


def test_frechet_distance_is_that_of_two_normal_distributions() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(size=(500, 4)), random.normal(size=(400, 4)) @ random.normal(size=(4, 4))
    a, b = np.cov(one.T, bias=True), np.cov(other.T, bias=True)
    root = np.sqrt(np.linalg.eigvals(a @ b).real.clip(0)).sum()
    wanted = np.square(one.mean(0) - other.mean(0)).sum() + np.trace(a) + np.trace(b) - 2 * root
    assert frechet_distance(one, other) == pytest.approx(wanted, rel=1e-9)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_precision_and_recall_tell_what_is_missing_from_what_is_wrong() -> None:
    random = np.random.default_rng(0)
    real = np.concatenate([random.normal(size=(1500, 2)), random.normal(size=(1500, 2)) + 20])
    half = random.normal(size=(3000, 2))
    precision, recall = (catalog.metric(f"generation_{n}") for n in ("precision", "recall"))
    assert precision.compute(real, half) > 0.9
    assert recall.compute(real, half) == pytest.approx(0.5, abs=0.1)
    assert recall.compute(half, real) > 0.9
    assert precision.compute(half, real) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_rows_are_no_trouble(n_rows: int) -> None:
    rows = np.random.default_rng(0).normal(size=(n_rows, 4))
    assert np.isfinite(covered(rows, rows)).all()
    assert np.isfinite(frechet_distance(rows, rows + 1))
    metric: Metric = catalog.metric("neighbour_accuracy")
    assert metric.compute(np.zeros(n_rows, np.int64), rows) in (0.0, 1.0)


def test_neighbours_are_other_rows_and_the_nearest_by_angle() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    random = np.random.default_rng(0)
    codes = random.integers(0, 2, 200)
    embedding = random.normal(size=(200, 3)) + 1.5 * codes[:, None] * np.array([1, -1, 0])
    right = []
    for i in range(200):
        rest = np.arange(200) != i
        model = KNeighborsClassifier(5, metric="cosine").fit(embedding[rest], codes[rest])
        right.append(model.predict(embedding[[i]])[0] == codes[i])
    assert neighbour_accuracy(codes, embedding) == pytest.approx(np.mean(right))

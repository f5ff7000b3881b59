"""Projectors: ours, given ones, and the Inception network's structure."""

import os

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DataError, RunError
from grae.images import frechet_distance, load_images
from grae.images.decoding import Part
from grae.images.projectors import (
    Projector,
    load_projector,
    make_projector,
    save_classifier,
    standard_projector,
    standard_projector_path,
    train_projector,
)
from grae.images.projectors.classifier import Classifier, TurnedBatches
from grae.images.projectors.given import GIVEN, MnistCnn, ResNet56

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    return Projector("toy", Classifier(8, 1, 10).eval(), CPU)


def right(network: torch.nn.Module, part: Part, n: int) -> float:
    """The share of the first n images that are classified right."""
    assert part.labels is not None
    images, labels = part.images[:n], part.labels[:n]
    with torch.inference_mode():
        logits = network.eval()(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255)
    return float((logits.argmax(dim=1).numpy() == labels).mean())


def test_a_trained_projector_tells_held_out_digits_apart(digits):
    network, about = train_projector(digits.train, epochs=8, device="cpu")
    assert about["told_apart"] == "classes"
    with torch.inference_mode():
        images = torch.from_numpy(digits.test.images).permute(0, 3, 1, 2)
        found = network({"images": images, "labels": torch.from_numpy(digits.test.labels)})
    assert found["accuracy"] > 0.9


def test_images_without_labels_are_told_apart_by_their_turns(digits):
    network, about = train_projector(Part(digits.train.images[:600], None), epochs=4, device="cpu")
    assert about["told_apart"] == "rotations"
    assert network.n_classes == 4
    assert about["accuracy"] > 0.5


@given(st.integers(0, 39))
def test_a_turned_row_is_its_image_turned(row):
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 3), dtype=np.uint8)
    batches = TurnedBatches(images, np.arange(10), batch_size=4, seed=0)
    assert batches.n_rows == 40
    batch = batches.collate(np.array([row]))
    turned = batch["images"][0].permute(1, 2, 0).numpy()
    for _ in range(int(batch["labels"][0])):
        turned = np.rot90(turned, -1)
    assert np.array_equal(turned, images[row // 4])


def test_a_saved_classifier_is_the_same(classifier, few, tmp_path):
    save_classifier(tmp_path / "p.safetensors", classifier.network, name="toy", about={"accuracy": 0.5})
    again = load_projector(tmp_path / "p.safetensors")
    assert again.label == "FD(toy)"
    one, other = classifier.moments([few]), again.moments([few])
    assert np.array_equal(one.mean, other.mean)
    assert one.mean.shape == (64,)


def test_moments_do_not_depend_on_the_size_of_batches(classifier, few):
    whole = classifier.moments([few])
    for size in (1, 7, 64):
        parts = classifier.moments(few[start : start + size] for start in range(0, len(few), size))
        assert parts.n == 200
        assert frechet_distance(whole, parts) < 1e-6 * np.trace(whole.covariance)


def test_images_of_another_size_are_refused(classifier):
    with pytest.raises(DataError, match="for images of 1 x 8 x 8 values, not 3 x 8 x 8"):
        classifier.moments([np.zeros((2, 8, 8, 3), np.uint8)])


def test_the_standard_projector_is_trained_once(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    path = standard_projector_path(digits)
    assert make_projector(digits, path, epochs=1, device="cpu")["name"] == "digits-classes"
    before = path.read_bytes()
    assert standard_projector(digits) == path
    assert path.read_bytes() == before
    assert load_projector(path).label == "FD(digits-classes)"


def test_too_few_images_train_none():
    with pytest.raises(DataError, match="cannot train a projector"):
        train_projector(Part(np.zeros((9, 8, 8, 1), np.uint8), None))


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_given_weights_are_known_by_their_structure(name, prefix, tmp_path):
    torch.manual_seed(1)
    network = GIVEN[name]().eval()
    saved = {f"{prefix}{key}": tensor for key, tensor in network.state_dict().items()}
    torch.save({"state_dict": saved, "best": 93.6} if prefix else saved, tmp_path / "w.th")
    found = load_projector(tmp_path / "w.th")
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1), dtype=np.uint8)
    assert found.label == f"FD({name})"
    assert np.allclose(found.moments([images]).mean, Projector(name, network, CPU).moments([images]).mean)


def test_given_networks_take_the_sizes_that_they_can():
    with torch.inference_mode():
        resnet, cnn = ResNet56().eval(), MnistCnn().eval()
        assert resnet.features(torch.rand(2, 3, 64, 64)).shape == (2, 64)
        assert cnn.features(torch.rand(2, 1, 28, 28)).shape == (2, 500)
        border = torch.rand(2, 1, 32, 32)
        inside = border.clone()
        inside[..., :2, :] = 0
        assert torch.equal(cnn.features(border), cnn.features(inside))
        for images in (torch.rand(2, 3, 32, 32), torch.rand(2, 1, 8, 8)):
            with pytest.raises(DataError, match="grey images of 28x28"):
                cnn.features(images)


def test_real_given_classifiers_classify(data_home):
    cnn = load_projector(data_home / "projectors" / "botorch_mnist_cnn.pt")
    assert cnn.name == "cnn-mnist"
    assert right(cnn.network, load_images("mnist").test, 1000) > 0.97
    resnet = load_projector(data_home / "projectors" / "resnet56-4bfd9763.th")
    assert resnet.name == "resnet56-cifar10"
    assert right(resnet.network, load_images("cifar10").test, 500) > 0.9


class Evil:
    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


def test_other_files_are_refused_and_run_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="could not be read"):
        load_projector("none.pt")
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(DataError, match="damaged, or contains more than weights"):
        load_projector("text.pt")
    torch.save({"state_dict": Evil()}, "evil.pt")
    with pytest.raises(DataError, match="damaged, or contains more than weights"):
        load_projector("evil.pt")
    assert not (tmp_path / "made-by-a-pickle").exists()
    torch.save({"a": torch.zeros(2)}, "other.pt")
    with pytest.raises(DataError, match="not hold the weights of a known projector: resnet56-cifar10, cnn-mnist"):
        load_projector("other.pt")
    torch.save([1, 2], "list.pt")
    with pytest.raises(DataError, match="weights of a known projector"):
        load_projector("list.pt")
    (tmp_path / "short.safetensors").write_bytes(b"short")
    with pytest.raises(RunError, match="truncated"):
        load_projector("short.safetensors")

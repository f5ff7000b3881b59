"""Folders and zip archives of image_files."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grae.errors import DataError
from grae.images import image_files, load_images
from grae.images.census import Census
from grae.images.image_files import Pictures, load


def folder_of(path: Path, images: dict[str, np.ndarray]) -> Path:
    for name, image in images.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path / name)
    return path


@pytest.fixture
def some() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {f"part/{k:02}.png": rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for k in range(20)}


def test_pictures_of_the_right_size_come_back_as_they_are(tmp_path, some):
    train, test, _ = load(Pictures(folder_of(tmp_path / "a", some)))
    assert (len(train.images), len(test.images)) == (16, 4)
    assert train.labels is None
    both = {image.tobytes() for image in (*train.images, *test.images)}
    assert both == {image.tobytes() for image in some.values()}


def test_a_zip_gives_what_its_folder_gives(tmp_path, some):
    folder = folder_of(tmp_path / "a", some)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for path in sorted(folder.rglob("*.png")):
            made.write(path, path.relative_to(folder))
        made.writestr("readme.txt", "no picture")
    for one, other in zip(load(Pictures(folder))[:2], load(Pictures(tmp_path / "a.zip"))[:2], strict=True):
        assert np.array_equal(one.images, other.images)


def test_decoded_pictures_are_kept(tmp_path, some, monkeypatch):
    folder = folder_of(tmp_path / "a", some)
    before = load(Pictures(folder))
    monkeypatch.setattr(image_files, "_decode", None)
    assert np.array_equal(load(Pictures(folder))[0].images, before[0].images)
    folder_of(tmp_path / "a", {"new.png": some["part/00.png"]})
    with pytest.raises(TypeError):  # decoded anew
        load(Pictures(folder))


def test_copies_of_a_file_are_in_one_part(tmp_path, some):
    copies = {f"{k}/{name}": image for k in range(4) for name, image in list(some.items())[:5]}
    train, test, _ = load(Pictures(folder_of(tmp_path / "a", copies)))
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in test.images}
    assert len(train.images) + len(test.images) == 20


def test_the_middle_of_other_pictures_is_kept_and_scaled(tmp_path):
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 255
    grey = np.full((64, 64), 7, np.uint8)
    train, test, _ = load(Pictures(folder_of(tmp_path / "a", {"wide.png": wide, "grey.png": grey})))
    found = sorted((np.concatenate([train.images, test.images])).tolist())
    assert np.array_equal(found[0], np.full((64, 64, 3), 7))
    assert np.array_equal(found[1], np.full((64, 64, 3), 255))


def test_files_that_systems_put_beside_pictures_are_none(tmp_path, some):
    folder = folder_of(tmp_path / "a", some)
    (folder / "part" / "._00.png").write_bytes(b"no picture")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "00.png").write_bytes(b"no picture")
    assert len(Pictures(folder).names()) == 20


def test_a_picture_is_turned_as_its_camera_said(tmp_path, some):
    image = some["part/00.png"]
    folder = folder_of(tmp_path / "a", {"other.png": np.zeros_like(image)})
    turned = Image.fromarray(image)
    turned.getexif()[0x0112] = 6  # to be turned by a quarter, clockwise
    turned.save(folder / "turned.png", exif=turned.getexif())
    found = np.concatenate([part.images for part in load(Pictures(folder))[:2]])
    assert any(np.array_equal(np.rot90(image, -1), one) for one in found)


@pytest.mark.parametrize(("width", "height", "side"), [(178, 218, 140), (89, 109, 70)])
def test_faces_are_cut_in_proportion(tmp_path, width, height, side):
    left, top = (width - side) // 2, (height - side) // 2
    face = np.zeros((height, width, 3), np.uint8)
    face[top : top + side, left : left + side] = 200
    other = np.full_like(face, 3)
    parts = load(Pictures(folder_of(tmp_path / "a", {"face.png": face, "other.png": other}), faces=True))[:2]
    found = sorted(np.concatenate([part.images for part in parts]).tolist())
    assert np.array_equal(found[1], np.full((64, 64, 3), 200))


def test_the_makers_partition_of_celeba_is_kept():
    is_test = image_files._test_part(
        np.zeros(202_599, np.uint64), ["x"] * 202_599, Pictures(Path(__file__).parent, True)
    )
    assert (int(is_test.argmax()), int(is_test.sum())) == (182_637, 19_962)


def test_what_cannot_be_used_is_named(tmp_path, some):
    (tmp_path / "a.txt").write_text("no archive")
    with pytest.raises(DataError, match="neither a folder nor a zip"):
        load_images(tmp_path / "a.txt")
    with pytest.raises(DataError, match="there is no folder"):
        load_images(tmp_path / "none" / "here")
    with pytest.raises(DataError, match="did you mean 'mnist'"):
        load_images("mnits")
    with pytest.raises(DataError, match="contains 1 picture;"):
        load_images(folder_of(tmp_path / "one", {"a.png": some["part/00.png"]}))
    with pytest.raises(DataError, match="are copies of one"):
        load_images(folder_of(tmp_path / "same", dict.fromkeys(("a.png", "b.png"), some["part/00.png"])))
    damaged = folder_of(tmp_path / "damaged", some)
    (damaged / "part" / "07.png").write_bytes((damaged / "part" / "07.png").read_bytes()[:100])
    with pytest.raises(DataError, match=r"07\.png is not a picture"):
        load(Pictures(damaged, faces=True))


def test_the_census_says_what_was_found_and_broken_pictures_are_left_out(tmp_path, some):
    folder = folder_of(tmp_path / "a", some)
    whole = load_images(folder)
    assert whole.census is not None
    assert whole.census == Census(20, (64, 64), (64, 64), {"RGB": 20}, {})
    assert whole.census.in_words() == "20 pictures, 64x64 pixels (20 RGB)"
    (folder / "part" / "07.png").write_bytes((folder / "part" / "07.png").read_bytes()[:100])
    (folder / "empty.jpg").touch()
    Image.new("L", (300, 20), 9).save(folder / "grey.png")
    Image.new("RGBA", (10, 90), (255, 0, 0, 0)).save(folder / "clear.png")
    for _ in range(2):  # decoded, and from the cache
        found = load_images(folder)
        assert found.census is not None
        assert list(found.census.broken) == ["empty.jpg", "part/07.png"]
        assert (found.census.pictures, found.census.smallest, found.census.largest) == (21, (10, 90), (300, 20))
        assert found.census.modes == {"RGB": 19, "L": 1, "RGBA": 1}
    kept = {image.tobytes() for image in (*found.train.images, *found.test.images)}
    assert len(found.train.images) + len(found.test.images) == 21
    assert kept >= {image.tobytes() for name, image in some.items() if name != "part/07.png"}
    assert found.census is not None
    words = found.census.in_words()
    kinds = "19 RGB, 1 RGB with transparency, 1 grayscale"
    assert words.startswith(f"21 pictures, from 10x90 to 300x20 pixels ({kinds}); 2 left out that cannot be read: ")
    assert "empty.jpg (is not a picture that Pillow can read: empty)" in words
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for path in sorted(folder.rglob("*.*")):
            made.write(path, path.relative_to(folder))
    assert load_images(tmp_path / "a.zip").census == found.census


def test_a_folder_of_broken_pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "a").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / "a" / name).write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"3 of 3 pictures cannot be read, such as a\.png: is not a picture"):
        load_images(tmp_path / "a")
    assert list((tmp_path / "cache" / "images").iterdir()) == []


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device there")
def test_a_device_is_not_read():
    with pytest.raises(DataError, match="is a device"):
        Pictures(Path("/dev/zero"))


def decoded(image: Image.Image, suffix: str = ".png") -> np.ndarray:
    """The pixels (64, 64, 3) that a picture is decoded to."""
    buffer = io.BytesIO()
    image.save(buffer, {".png": "PNG", ".tif": "TIFF"}[suffix])
    found = image_files._decode(buffer.getvalue(), Pictures(Path(__file__).parent))
    assert not isinstance(found, image_files.Broken), found
    return found.pixels


def steps(dtype: str, top: float) -> np.ndarray:
    """(64, 64), in the left half black and in the right half half-way to the top."""
    values = np.zeros((64, 64))
    values[:, 32:] = top / 2
    return values.astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "top"),
    [("uint16", 65535), ("int32", 65535), ("int32", 2**31 - 1), ("float32", 1), ("float32", 255), ("float32", 65535)],
)
def test_more_bits_are_scaled_not_clipped(dtype, top):
    values = steps(dtype, top)
    values[0, 0] = top  # the type's white
    found = decoded(Image.fromarray(values), ".tif" if dtype != "uint16" else ".png")
    assert set(np.unique(found[1:])) <= {0, 127, 128}
    assert (found[0, 0] == 255).all()
    assert (found[:, :32][1:] == 0).all()


@pytest.mark.parametrize("values", [-1.0, np.nan, 1e9])
def test_floats_of_no_known_range_are_an_error(values):
    with pytest.raises(AssertionError, match=r"negative values or NaN|expected at most 65535"):
        decoded(Image.fromarray(np.full((64, 64), values, np.float32)), ".tif")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode):
    drawing = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    drawing.paste((0, 0, 0, 255), (0, 0, 64, 8))  # a black bar on nothing
    found = decoded(drawing.convert(mode))
    assert (found[:8] == 0).all()
    assert (found[8:] == 255).all()

"""A parcel holds a folder, and writes nowhere else."""

import io
import stat
import tarfile
from pathlib import Path

import pytest

from sonde.agent.parcel import pack, unpack
from sonde.errors import ConfigError


def tree(folder: Path) -> dict[str, object]:
    """All that is in a folder."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode) & 0o700)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "train.py").write_text("lr = 1\n")
    (folder / "deep" / "er" / "fit.sh").write_text("#!/bin/sh\n")
    (folder / "deep" / "er" / "fit.sh").chmod(0o755)
    (folder / "data ü.bin").write_bytes(bytes(range(256)))
    (folder / "link.py").symlink_to("train.py")
    return folder


def test_a_folder_comes_back_as_it_was(folder: Path, tmp_path: Path) -> None:
    unpack(pack(folder), tmp_path / "a" / "target")
    assert tree(tmp_path / "a" / "target") == tree(folder)


def test_the_same_files_make_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    unpack(pack(folder), tmp_path / "again")
    assert pack(tmp_path / "again") == pack(folder)


def test_links_that_lead_out_are_left_behind(folder: Path, tmp_path: Path) -> None:
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "deep" / "up").symlink_to("../../elsewhere")
    (folder / "deep" / "in").symlink_to("../train.py")
    unpack(pack(folder), tmp_path / "target")
    assert set(tree(folder)) - set(tree(tmp_path / "target")) == {"out", "deep/up"}


def test_what_is_there_already_is_kept(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    unpack(pack(folder), tmp_path / "target")
    assert tree(tmp_path / "target") == {}


def evil(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.size = kind, link, 3 if kind == tarfile.REGTYPE else 0
        tar.addfile(entry, io.BytesIO(b"bad"))
    return packed.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        evil("../escaped"),
        evil("a/../../escaped"),
        evil("link", tarfile.SYMTYPE, "../../escaped"),
        evil("link", tarfile.SYMTYPE, "/etc/passwd"),
        evil("hard", tarfile.LNKTYPE, "../../escaped"),
        evil("device", tarfile.CHRTYPE),
        b"",
        b"no archive",
        evil("whole")[:-20],
    ],
    ids=["up", "down-up", "link-up", "link-away", "hard", "device", "empty", "other", "torn"],
)
def test_a_parcel_that_leads_out_or_is_damaged_is_refused_whole(
    tmp_path: Path, data: bytes
) -> None:
    with pytest.raises(ConfigError, match="the sweep's code cannot be unpacked there"):
        unpack(data, tmp_path / "in" / "target")
    assert not (tmp_path / "in" / "target").exists()
    assert not (tmp_path / "escaped").exists()
    assert list((tmp_path / "in").iterdir()) == []


def test_an_absolute_name_stays_inside(tmp_path: Path) -> None:
    unpack(evil("/absolute"), tmp_path / "target")
    assert (tmp_path / "target" / "absolute").read_text() == "bad"

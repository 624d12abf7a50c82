"""What is taken of the user's folder, and that the folder itself is never touched."""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab import Lab
from sonde.agent.chosen import chosen
from sonde.agent.folder import source_folder
from sonde.agent.snapshot import changed, take
from sonde.core.sweep import Command
from sonde.errors import ConfigError


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def command(folder: Path, **settings: object) -> Command:
    return Command(argv=("true",), folder=str(folder), **settings)  # type: ignore[arg-type]


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def listing(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    )


def marks(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Everything that could have been changed of the files under a folder."""
    return {
        name: (
            (folder / name).read_bytes(),
            (folder / name).stat().st_mode,
            (folder / name).stat().st_mtime_ns,
        )
        for name in listing(folder)
    }


def test_without_git_everything_is_taken_but_caches_and_environments(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "train.py", "data/ä b.csv", ".env", ".git2/keep")
    fill(folder, "__pycache__/x.pyc", "old.pyc", "env/pyvenv.cfg", "env/lib/a.py", ".venv/a")
    fill(folder, "node_modules/b/c.js", ".sonde/sonde.db")
    (folder / "empty").mkdir()
    assert chosen(folder) == [".env", ".git2/keep", "data/ä b.csv", "empty", "train.py"]


def test_in_a_repository_what_git_would_take_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "part"
    fill(folder, "train.py", "new.py", "data/big.bin", "sub/out.log", "gone.py", "secret.txt")
    fill(tmp_path / "repository", ".gitignore", "outside.py")
    (tmp_path / "repository" / ".gitignore").write_text("data/\n*.log\nsecret.txt\n")
    git(tmp_path / "repository", "init", "-q")
    git(tmp_path / "repository", "add", "part/train.py", "part/gone.py", "-f", "part/secret.txt")
    (folder / "gone.py").unlink()
    # Tracked files are taken although a rule names them.
    assert chosen(folder) == ["new.py", "secret.txt", "train.py"]


def test_sondeignore_leaves_out_and_takes_back(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "train.py", "data/small.csv", "data/big.csv", "notes.txt", "runs/1/log")
    fill(folder, ".gitignore", ".sondeignore")
    (folder / ".gitignore").write_text("data/\n")
    (folder / ".sondeignore").write_text("runs/\n*.txt\n!data/small.csv\n")
    git(folder, "init", "-q")
    assert chosen(folder) == [".gitignore", ".sondeignore", "data/small.csv", "train.py"]


def test_links_inside_stay_inside_and_links_outside_lead_to_the_original(tmp_path: Path) -> None:
    folder, outside = tmp_path / "project", tmp_path / "data"
    fill(folder, "a/file")
    fill(outside, "x")
    (folder / "inside").symlink_to("a/file")
    (folder / "absolute").symlink_to(folder / "a" / "file")
    (folder / "outside").symlink_to("../data")
    (folder / "dangling").symlink_to("nowhere")
    take(command(folder), tmp_path / "copy")
    copy = tmp_path / "copy"
    assert (copy / "inside").resolve() == copy / "a" / "file"
    assert (copy / "absolute").resolve() == copy / "a" / "file"
    assert (copy / "outside").readlink() == outside
    assert (copy / "dangling").readlink() == Path("nowhere")


def test_modes_and_times_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "run.sh", "frozen")
    (folder / "run.sh").chmod(0o755)
    (folder / "frozen").chmod(0o444)
    os.utime(folder / "run.sh", ns=(10**18, 10**18 + 7))
    take(command(folder), tmp_path / "copy")
    assert marks(tmp_path / "copy") == marks(folder)


def test_what_is_no_file_is_left_out_with_a_note(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "train.py")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        snapshot = take(command(folder), tmp_path / "copy")
    assert listing(tmp_path / "copy") == ["train.py"]
    assert snapshot.files == 1
    assert snapshot.notes == (
        "pipe is no file and was left out",
        "socket is no file and was left out",
    )


def probe(folder: Path) -> bool:
    """Tell whether the file system lets copies share what they have in common."""
    (folder / "a").write_bytes(b"x" * 4096)
    argv = ["cp", "--reflink=always", str(folder / "a"), str(folder / "b")]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_a_folder_that_is_too_large_is_refused_with_what_is_large(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "train.py", "data/a", "data/b")
    for name in ("a", "b"):
        with (folder / "data" / name).open("wb") as target:
            target.truncate(600_000_000)  # sparse
    with pytest.raises(ConfigError) as refusal:
        take(command(folder), tmp_path / "copy", limit=10**9)
    assert str(refusal.value) == (
        f"folder {folder}: 1.2 GB would be copied for each trial; the largest: data (1.2 GB); "
        "name them in .sondeignore, link them with --link data, "
        "or run in place with --workspace none"
    )
    assert not (tmp_path / "copy").exists()
    take(command(folder, links=("data",)), tmp_path / "copy", limit=10**9)
    assert listing(tmp_path / "copy") == ["train.py"]


def test_a_folder_whose_copies_are_large_is_taken_with_a_word_on_it(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    fill(folder, "train.py", "data/a")
    with (folder / "data" / "a").open("wb") as target:
        target.truncate(60_000_000)
    shared = probe(tmp_path)
    note = (
        "each trial gets a copy of 60 MB; the largest: data (60 MB). Name what trials do not need "
        "in .sondeignore, or link it: --link data"
    )
    assert take(command(folder), tmp_path / "copy").notes == (() if shared else (note,))
    assert take(command(folder), tmp_path / "copy").notes == ()  # once
    assert take(command(folder, links=("data",)), tmp_path / "linked").notes == ()


def test_a_copy_that_the_disk_has_no_room_for_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    folder, target = tmp_path / "project", tmp_path / ".sonde" / "sweeps" / "s"
    folder.mkdir()
    (folder / "data.bin").write_bytes(b"x" * 10_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    try:
        with pytest.raises(ConfigError, match=r"cannot be copied there: .*; free some space"):
            take(Command(argv=("x",), folder=str(folder)), target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(target.parent.iterdir()) == []


def test_a_snapshot_is_taken_once_unless_it_is_asked_for_anew(tmp_path: Path) -> None:
    folder, copy = tmp_path / "project", tmp_path / "copy"
    fill(folder, "train.py", "gone.py")
    take(command(folder), copy)
    (folder / "train.py").write_text("changed by now")
    (folder / "gone.py").unlink()
    fill(folder, "new.py")
    assert take(command(folder), copy).files == 2
    assert (copy / "train.py").read_text() == "train.py"
    assert changed(command(folder), copy) == ["- gone.py", "+ new.py", "  train.py"]
    take(command(folder), copy, update=True)
    assert listing(copy) == ["new.py", "train.py"]
    assert changed(command(folder), copy) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "project"]


def test_a_trial_may_do_what_it_likes_to_its_copy_and_the_users_files_stay(lab: Lab) -> None:
    fill(lab.folder, "data/a.csv", "frozen", "b.txt")
    (lab.folder / "frozen").chmod(0o444)
    lab.script(
        "for f in $(find . -type f); do chmod u+w $f; echo scribble >> $f; done\n"
        "rm -r data; echo x > new; mv b.txt c.txt; chmod 777 frozen; exit 0\n"
    )
    before = marks(lab.folder)
    sweep = lab.sweep("sh", "train.sh", space={"x": [1, 2]})
    lab.run(sweep)
    assert lab.states(sweep) == ["done", "done"]
    assert marks(lab.folder) == before
    assert marks(source_folder(lab.root, sweep.id)) == before  # nor does the next trial see it
    assert (lab.of(sweep, 1).work / "c.txt").read_text() == "b.txtscribble\n"


def test_editing_the_folder_while_a_sweep_runs_changes_nothing(lab: Lab) -> None:
    lab.script(f'echo first; echo "echo second" > "{lab.folder}/train.sh"\n')
    sweep = lab.sweep("sh", "train.sh", space={"x": [1, 2]})
    lab.run(sweep)
    assert [lab.of(sweep, n).stdout.read_text() for n in (0, 1)] == ["first\n", "first\n"]


def test_linked_paths_are_the_users_own(lab: Lab) -> None:
    fill(lab.folder, "data/deep/a.csv")
    lab.script("cat data/deep/a.csv; test -L data/deep")
    sweep = lab.sweep("sh", "train.sh", command={"links": ("data/deep",)})
    lab.run(sweep)
    assert lab.states(sweep) == ["done"]
    assert not source_folder(lab.root, sweep.id).joinpath("data").exists()


def test_without_a_workspace_the_program_runs_in_the_users_folder(lab: Lab) -> None:
    lab.script("pwd; echo x > made")
    sweep = lab.sweep("sh", "train.sh", command={"workspace": "none"})
    lab.run(sweep)
    assert lab.of(sweep).stdout.read_text() == f"{lab.folder}\n"
    assert (lab.folder / "made").exists()


@pytest.mark.parametrize("name", ["data/set.csv", "./data/set.csv"])
def test_a_script_that_misses_an_ignored_file_is_told_how_to_link_it(lab: Lab, name: str) -> None:
    fill(lab.folder, "data/set.csv")
    (lab.folder / ".sondeignore").write_text("data\n")
    lab.script(f"cat {name}")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep)
    error = lab.trials(sweep)[0].error or ""
    assert error.endswith("data/set.csv is ignored and so not in the trial's copy: use --link data")


@pytest.mark.parametrize("kept", ["common.py", "common/__init__.py"])
def test_a_script_that_misses_a_module_beside_its_folder_is_told_where_to_run(
    lab: Lab, kept: str
) -> None:
    fill(lab.base, kept)
    lab.script("import sys\nsys.path.append('..')\nimport common.nets\n", "train.py")
    sweep = lab.sweep(sys.executable, "train.py")
    lab.run(sweep)
    error = lab.trials(sweep)[0].error or ""
    found = lab.base / Path(kept).parts[0]
    assert error.endswith(
        f"; {found} is outside of the folder that was copied for the trial: "
        f"run sonde from {lab.base}, or use --workspace none"
    )


def test_a_script_that_misses_a_file_beside_its_folder_is_told_where_to_run(lab: Lab) -> None:
    fill(lab.base, "data/set.csv")
    lab.script("cat ../data/set.csv")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep)
    error = lab.trials(sweep)[0].error or ""
    assert "../data/set.csv is outside of the folder that was copied" in error
    assert error.endswith(f"run sonde from {lab.base}, or use --workspace none")


def test_a_script_that_misses_an_ignored_module_is_told_how_to_link_it(lab: Lab) -> None:
    fill(lab.folder, "nets/__init__.py")
    (lab.folder / ".sondeignore").write_text("nets\n")
    lab.script("import nets.big", "train.py")
    sweep = lab.sweep(sys.executable, "train.py")
    lab.run(sweep)
    assert (lab.trials(sweep)[0].error or "").endswith("use --link nets")


def test_a_module_that_is_nowhere_has_no_such_remedy(lab: Lab) -> None:
    lab.script("import not_to_be_found", "train.py")
    sweep = lab.sweep(sys.executable, "train.py")
    lab.run(sweep)
    error = lab.trials(sweep)[0].error
    assert error == "ModuleNotFoundError: No module named 'not_to_be_found' (exit status 1)"


def test_what_the_very_command_prints_into_is_no_part_of_the_folder(tmp_path: Path) -> None:
    fill(tmp_path, "train.py")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sonde.agent.snapshot import changed, take\n"
        "from sonde.core.sweep import Command\n"
        "command, target = Command(argv=('true',), folder=sys.argv[1]), Path(sys.argv[2])\n"
        "print('some words', flush=True)\n"
        "print(take(command, target).files, changed(command, target), file=sys.stderr)\n"
    )
    with (tmp_path / "log1").open("w") as log:
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path, tmp_path / ".sonde" / "source"],
            stdout=log, stderr=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    assert done.stderr == "1 []\n"
    assert (tmp_path / "log1").read_text() == "some words\n"

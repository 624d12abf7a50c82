"""Reports from wherever a trial writes them, as one sequence."""

import json
import math
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.agent.journal import Journal
from sonde.agent.printed import Printed, check_pattern
from sonde.agent.relay import Relay
from sonde.core.trial import Report
from sonde.errors import ConfigError
from sonde.tensorboard.summary import FileWriter


def relay(folder: Path, pattern: str | None = None, goals: tuple[str, ...] = ("loss",)) -> Relay:
    return Relay(
        folder,
        journal=folder / "reports.jsonl",
        stdout=folder / "stdout.log",
        metric_regex=pattern,
        goals=goals,
    )


def found(relay: Relay) -> list[tuple[int, dict[str, float]]]:
    relay.poll(final=True)
    return [(report.step, dict(report.metrics)) for report in relay.unsent]


def journal(folder: Path, text: str) -> Journal:
    (folder / "reports.jsonl").write_text(text)
    return Journal(folder / "reports.jsonl")


lines = st.lists(
    st.dictionaries(
        st.text("abcdefgäß", min_size=1, max_size=5), st.floats(), min_size=1, max_size=3
    ),
    max_size=12,
)


@given(lines, st.lists(st.integers(1, 40)))
def test_a_journal_read_in_any_pieces_gives_every_report_once(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, float]], sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "reports.jsonl"
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries).encode()
    reader, reports = Journal(path), list[Report]()
    with path.open("wb", buffering=0) as target:
        for size in [*sizes, len(text)]:
            target.write(text[:size])
            text = text[size:]
            reports += reader.poll()
    reports += reader.poll(final=True)
    assert reader.damaged == 0
    assert [report.step for report in reports] == list(range(len(entries)))
    for report, entry in zip(reports, entries, strict=True):
        assert report.metrics.keys() == entry.keys()
        for name, value in entry.items():
            assert report.metrics[name] == value or math.isnan(value)


def test_a_half_line_waits_for_its_end_and_counts_at_the_end_of_the_trial(tmp_path: Path) -> None:
    reader = journal(tmp_path, '{"loss": 1}\n{"loss": 0.')
    assert len(reader.poll()) == 1
    with (tmp_path / "reports.jsonl").open("a") as target:
        target.write("25}")
    assert reader.poll() == []
    assert [report.metrics for report in reader.poll(final=True)] == [{"loss": 0.25}]


def test_lines_that_cannot_be_read_are_counted_and_the_rest_counts(tmp_path: Path) -> None:
    reader = journal(tmp_path, '{"loss": 1}\n{"loss\n[1]\n\n7\n\x00\xff\n{"loss": 2}\n')
    assert [report.metrics["loss"] for report in reader.poll(final=True)] == [1, 2]
    assert reader.damaged == 4


@pytest.mark.parametrize(
    ("value", "number"),
    [("NaN", math.nan), ("-Infinity", -math.inf), ("0.0", 0.0), ('"0.5"', 0.5), ("true", 1.0),
     ("1" + "0" * 400, math.inf)],
)  # fmt: skip
def test_values_that_are_numbers_in_some_way_are_taken(
    tmp_path: Path, value: str, number: float
) -> None:
    (report,) = journal(tmp_path, f'{{"loss": {value}}}\n').poll()
    assert report.metrics["loss"] == number or math.isnan(number)


@pytest.mark.parametrize("value", ["null", '"low"', "[1]", '{"a": 1}'])
def test_values_that_are_no_numbers_are_noted_and_the_others_of_the_line_count(
    tmp_path: Path, value: str
) -> None:
    reader = journal(tmp_path, f'{{"loss": 1, "other": {value}}}\n' * 3)
    assert [report.metrics for report in reader.poll()] == [{"loss": 1}] * 3
    assert reader.notes == [f"reports.jsonl: other is {value}, which is no number"]


def test_steps_and_times_are_taken_and_missing_steps_count_on(tmp_path: Path) -> None:
    text = (
        '{"loss": 1}\n{"step": 7, "loss": 2, "_time": 12.5}\n{"loss": 3}\n{"step": "x", "l": 1}\n'
    )
    reports = journal(tmp_path, text).poll()
    assert [report.step for report in reports] == [0, 7, 8, 9]
    assert reports[1].time == 12.5


def test_a_line_without_metrics_is_no_report(tmp_path: Path) -> None:
    assert journal(tmp_path, '{"step": 3}\n{}\n').poll() == []


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"loss: (\S+)", [(0, {"loss": 0.5}), (1, {"loss": 0.25})]),
        (r"epoch (?P<step>\d+) loss: (?P<value>\S+)", [(1, {"loss": 0.5}), (2, {"loss": 0.25})]),
        (r"acc (?P<acc>\S+)", [(0, {"acc": 0.9})]),
        (r"(?P<name>loss|acc):? (?P<value>\S+)",
         [(0, {"loss": 0.5}), (1, {"loss": 0.25}), (2, {"acc": 0.9})]),
    ],
)  # fmt: skip
def test_metrics_are_found_in_what_is_printed(
    tmp_path: Path, pattern: str, expected: list[tuple[int, dict[str, float]]]
) -> None:
    text = b"epoch 1 loss: 0.5\r\n\xff\xfe\repoch 2 loss: 0.25\nloss: high\nacc 0.9"
    (tmp_path / "stdout.log").write_bytes(text)
    assert found(relay(tmp_path, pattern)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "loss=\x1b[32m0.75\x1b[0m",
        "\x1b[1;38;5;12mloss\x1b[m=0.75\x1b[K",
        "\x1b]0;training\x07loss=0.75",
        "\x1b]8;;https://a.b\x1b\\loss=0.75\x1b]8;;\x1b\\",
        "\x1b[?25l\x1b[2A\x1b(Bloss=\x1b7\x1b[93m0.75",
    ],
)
def test_a_metric_is_found_in_colours(tmp_path: Path, line: str) -> None:
    (tmp_path / "stdout.log").write_text(line + "\n")
    assert found(relay(tmp_path, r"loss=([\d.]+)$")) == [(0, {"loss": 0.75})]


def test_a_printed_line_is_not_read_before_its_end(tmp_path: Path) -> None:
    log = tmp_path / "stdout.log"
    log.write_bytes(b"loss: 0.1")
    printed = Printed(log, r"loss: (\S+)", ["loss"])
    assert printed.poll() == []
    with log.open("ab") as target:
        target.write(b"25\n")
    assert [report.metrics for report in printed.poll()] == [{"loss": 0.125}]


@pytest.mark.parametrize("pattern", ["(", "loss: .*"])
def test_a_pattern_that_cannot_work_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="--metric-regex="):
        check_pattern(pattern)


def test_event_files_anywhere_under_the_folder_are_found_also_those_made_late(
    tmp_path: Path,
) -> None:
    one = relay(tmp_path, goals=("val_loss",))
    one.poll()
    for run, value in (("train", 0.5), ("validation", 0.25)):
        with closing(FileWriter(str(tmp_path / "work" / "logs" / run))) as writer:
            writer.scalar("epoch_loss", value, step=3)
    assert found(one) == [(3, {"loss": 0.5}), (3, {"val_loss": 0.25})]


def test_event_files_that_were_copied_with_the_folder_are_not_the_trials(tmp_path: Path) -> None:
    with closing(FileWriter(str(tmp_path / "work" / "old"))) as writer:
        writer.scalar("loss", 1.0, step=0)
    assert found(relay(tmp_path)) == []


def test_the_scalars_of_a_step_are_one_report(tmp_path: Path) -> None:
    one = relay(tmp_path)
    with closing(FileWriter(str(tmp_path / "work"))) as writer:
        for step in (0, 1):
            writer.scalar("loss", 1.0 + step, step=step)
            writer.scalar("acc", 0.5, step=step)
    assert found(one) == [(0, {"loss": 1.0, "acc": 0.5}), (1, {"loss": 2.0, "acc": 0.5})]


def test_runs_with_the_same_metric_are_told_apart(tmp_path: Path) -> None:
    one = relay(tmp_path)
    for run in ("a", "b"):
        with closing(FileWriter(str(tmp_path / "work" / run))) as writer:
            writer.scalar("loss", 1.0, step=0)
    assert found(one) == [(0, {"loss": 1.0}), (0, {"b/loss": 1.0})]
    assert one.facts()["notes"] == ["loss is that of the run a; that of b is b/loss"]


def test_a_metric_from_two_sources_counts_once(tmp_path: Path) -> None:
    one = relay(tmp_path)
    (tmp_path / "reports.jsonl").write_text('{"loss": 1}\n{"loss": 2}\n')
    with closing(FileWriter(str(tmp_path / "work"))) as writer:
        writer.scalar("loss", 1.0, step=0)
        writer.scalar("acc", 0.5, step=0)
    assert found(one) == [(0, {"loss": 1}), (1, {"loss": 2}), (0, {"acc": 0.5})]


def test_what_the_store_has_is_forgotten_and_the_count_goes_on(tmp_path: Path) -> None:
    one = relay(tmp_path)
    (tmp_path / "reports.jsonl").write_text('{"loss": 1}\n{"loss": 2}\n{"loss": 3}\n')
    one.poll()
    one.sent(2)
    assert one.acknowledged == 2
    assert [report.metrics["loss"] for report in one.unsent] == [3]
    one.sent(2)  # once more: nothing changes
    assert len(one.unsent) == 1


def test_damage_is_recorded(tmp_path: Path) -> None:
    one = relay(tmp_path)
    (tmp_path / "reports.jsonl").write_text('{"loss": \n{"loss": null}\n')
    found(one)
    facts = one.facts()
    assert facts["reports_damaged"] == 1
    assert facts["notes"] == ["reports.jsonl: loss is null, which is no number"]

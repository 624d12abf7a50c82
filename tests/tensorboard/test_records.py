import subprocess
import sys
import zlib
from pathlib import Path

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

from sonde.tensorboard.records import checksum, crc32c, find_header, frame, records

bodies = st.lists(st.binary(max_size=300), max_size=8)


def test_the_checksum_is_castagnolis_and_not_that_of_zip() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"123456789") != zlib.crc32(b"123456789")


@given(st.binary(max_size=500))
def test_the_checksum_in_python_is_the_one_in_c(data: bytes) -> None:
    assert crc32c(data) == google_crc32c.value(data) == checksum()(data)


@given(bodies)
def test_what_is_framed_is_read_back(written: list[bytes]) -> None:
    assert list(records(b"".join(map(frame, written)))) == written


def test_tensorboard_reads_our_records(tmp_path: Path) -> None:
    written = [b"a", b"x" * 1000, bytes(range(256))]
    path = tmp_path / "events"
    path.write_bytes(b"".join(map(frame, written)))
    reader = PyRecordReader_New(filename=str(path))
    for body in written:
        reader.GetNext()
        assert reader.record() == body


@given(bodies, st.binary(max_size=40))
def test_what_follows_unreadable_bytes_is_found(written: list[bytes], rubbish: bytes) -> None:
    start = find_header(rubbish + frame(b"found"), 0)
    assert start <= len(rubbish)
    found = list(records(rubbish + b"".join(map(frame, written))))
    # An empty record is not looked for, only read where it is expected.
    assert [body for body in found if body] == [body for body in written if body]


@given(st.binary(min_size=1, max_size=60), st.integers(0, 11))
def test_a_header_that_is_cut_off_is_found_when_the_rest_has_come(body: bytes, cut: int) -> None:
    data = b"rubbish" + frame(body)
    start = find_header(data[: len(b"rubbish") + cut], 0)
    assert start <= len(b"rubbish")
    assert find_header(data, start) == len(b"rubbish")


@pytest.mark.parametrize("fill", [b"\0", b"\1\0\0\0\0\0\0\0\0"])
def test_a_megabyte_without_records_is_searched_to_its_end(fill: bytes) -> None:
    data = (fill * (1 << 20))[: 1 << 20]
    assert find_header(data, 0) > len(data) - 12


def test_records_are_written_and_read_where_google_crc32c_is_missing() -> None:
    program = """
import sys
sys.modules["google_crc32c"] = None
from sonde.tensorboard.records import checksum, crc32c, frame, records
assert checksum() is crc32c
assert list(records(frame(b"one") + frame(b"two"))) == [b"one", b"two"]
"""
    subprocess.run([sys.executable, "-c", program], check=True)

"""Text that is packed, and what is said of what is not."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile

import pyarrow as pa
import pytest

from wealthsources_file.packing import PackingError, unpacked

TEXT = b"open_time,open\n" * 10_000


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__in__", "/"), data)
    return packed.getvalue()


PACKED = {
    "a.csv": TEXT,
    "a.csv.gz": gzip.compress(TEXT),
    "a.csv.zst": pa.compress(TEXT, codec="zstd", asbytes=True),
    "a.zip": zipped(csv=TEXT),
}


def text_of(data: bytes, name: str) -> bytes:
    with unpacked(io.BytesIO(data), name) as text:
        return b"".join(iter(lambda: text.read(1000), b""))


def refused(data: bytes, name: str) -> str:
    with pytest.raises(PackingError) as caught:
        text_of(data, name)
    return str(caught.value)


@pytest.mark.parametrize("name", PACKED)
def test_text_is_unpacked_by_the_name_of_its_file(name: str) -> None:
    assert text_of(PACKED[name], name) == TEXT


@pytest.mark.parametrize(("name", "kind"), [("a.csv.gz", "gzip"), ("a.csv.zst", "Zstandard"), ("a.zip", "zip")])
@pytest.mark.parametrize("cut", [0.5, 0.98])
def test_half_a_file_is_none(name: str, kind: str, cut: float) -> None:
    data = PACKED[name]
    assert f"is no whole {kind} file" in refused(data[: int(len(data) * cut)], name)
    assert f"is no whole {kind} file" in refused(TEXT, name)


def test_a_zip_whose_text_was_changed_is_none() -> None:
    data = bytearray(zipped(csv=TEXT))
    place = data.index(b"csv") + 10
    data[place] ^= 0xFF
    assert "is no whole zip file" in refused(bytes(data), "a.zip")


def test_a_zip_with_two_files_is_refused_and_they_are_named() -> None:
    said = "has 2 files in it (a.csv, b.csv); a zip has one: unpack it, or pack each by itself"
    assert refused(zipped(**{"a.csv": TEXT, "b.csv": TEXT}), "a.zip") == said
    assert "(a, b, c, …)" in refused(zipped(a=b"", b=b"", c=b"", d=b""), "a.zip")


def test_a_zip_without_a_file_is_refused() -> None:
    assert refused(zipped(), "a.zip") == "is a zip without a file in it"


def test_what_a_mac_puts_into_a_zip_is_no_file() -> None:
    assert text_of(zipped(**{"a.csv": TEXT, "__MACOSX__in__._a.csv": b"x", "folder__in__": b""}), "a.zip") == TEXT


def test_a_zip_with_a_password_is_told() -> None:
    data = bytearray(zipped(a=TEXT))
    data[6] |= 1  # of the file
    data[data.index(b"PK\x01\x02") + 8] |= 1  # of the list of files
    assert refused(bytes(data), "a.zip") == "is a zip with a password; pack it without"


def test_a_zip_that_was_packed_in_a_strange_way_is_told() -> None:
    data = bytearray(zipped(a=TEXT))
    data[8], data[data.index(b"PK\x01\x02") + 10] = 97, 97  # the number of the method
    assert refused(bytes(data), "a.zip").startswith("is packed in a way that is not known here: ")


def test_zstandard_without_pyarrow_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = "is packed with Zstandard, which needs: pip install 'wealthsources[file]'"
    assert refused(PACKED["a.csv.zst"], "a.csv.zst") == said

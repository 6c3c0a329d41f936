from __future__ import annotations

import gzip
import io
import random
import zlib

import pytest

from wealthsources_replay import members
from wealthsources_replay.members import Member, Unreadable, pack, scan, unpack

RAWS = [b"one\n", b"two\n" * 1000, b"", bytes(range(256)) * 20]
PACKED = [pack(raw, number, 100 + number, 200 + number) for number, raw in enumerate(RAWS)]
WHOLE = b"".join(PACKED)


def read(data):
    """What is read of a file, member by member; what is not."""
    file, raws, bad = io.BytesIO(data), [], []
    for found in scan(file, len(data)):
        if isinstance(found, Unreadable):
            bad.append(found)
        else:
            try:
                raws.append(unpack(file, found))
            except ValueError as error:
                bad.append(Unreadable(found.offset, found.size, str(error)))
    return raws, bad


def test_any_program_that_knows_gzip_reads_it():
    assert gzip.decompress(WHOLE) == b"".join(RAWS)


def test_members_say_what_they_are_without_being_unpacked():
    found = list(scan(io.BytesIO(WHOLE), len(WHOLE)))
    assert [(each.records, each.first_ms, each.last_ms) for each in found] == [(n, 100 + n, 200 + n) for n in range(4)]
    assert [each.size for each in found] == list(map(len, PACKED))
    assert read(WHOLE) == (RAWS, [])


def test_cut_at_any_byte_what_is_read_is_what_was_whole():
    data = b"".join(PACKED[:2])
    whole_at = [0, len(PACKED[0]), len(data)]
    for cut in range(len(data) + 1):
        raws, bad = read(data[:cut])
        number = sum(end <= cut for end in whole_at[1:])
        assert raws == RAWS[:number]
        lost = cut - whole_at[number]
        assert [(each.offset, each.size) for each in bad] == ([(whole_at[number], lost)] if lost else [])
        assert all("cut short" in each.reason for each in bad)


def test_a_flipped_bit_spoils_one_member_and_no_other():
    chance, ends = random.Random(5), [len(b"".join(PACKED[: number + 1])) for number in range(4)]
    for _ in range(500):
        at = chance.randrange(len(WHOLE))
        spoilt = bytearray(WHOLE)
        spoilt[at] ^= 1 << chance.randrange(8)
        raws, bad = read(bytes(spoilt))
        hit = next(number for number, end in enumerate(ends) if at < end)
        if raws == RAWS:  # a bit behind the end of what was deflated, which means nothing
            assert not bad
            continue
        assert raws == RAWS[:hit] + RAWS[hit + 1 :]
        assert [(each.offset, each.size) for each in bad] == [(ends[hit] - len(PACKED[hit]), len(PACKED[hit]))]


def test_other_bytes_are_passed_over_up_to_the_next_member(monkeypatch):
    monkeypatch.setattr(members, "_SEARCHED_AT_ONCE", 64)
    for junk in (b"x", bytes(1000), PACKED[0][:16] + bytes(60)):
        raws, bad = read(junk + PACKED[1] + junk)
        assert raws == [RAWS[1]]
        assert [each.size for each in bad] == [len(junk), len(junk)]


def test_plain_gzip_is_damage_from_beginning_to_end():
    data = gzip.compress(b"other")
    assert list(scan(io.BytesIO(data), len(data))) == [Unreadable(0, len(data), "damaged")]


def test_a_member_that_says_it_is_smaller_than_any_is_none():
    facts = members._FACTS.pack(10, 1, 1, 1)
    data = members._MAGIC + facts + members._CHECK.pack(zlib.crc32(facts)) + bytes(20)
    assert read(data) == ([], [Unreadable(0, len(data), "damaged")])


def test_more_than_was_packed_is_not_unpacked():
    bomb = pack(bytes(10**6), 1, 0, 0)
    spoilt = bomb[:-4] + (10).to_bytes(4, "little")
    with pytest.raises(ValueError, match="checksum"):
        unpack(io.BytesIO(spoilt), Member(0, len(spoilt), 1, 0, 0))

"""Which licences are known to go with ours, and that those of all that the extras bring do."""

from __future__ import annotations

from email.message import Message

import pytest

from tools.release.licences import fits, licence_of, rows


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-only AND (Apache-2.0 OR MIT)", False),
        ("says none", False),
        ("not installed here", False),
    ],
)
def test_a_licence_goes_with_ours_or_is_not_known_to(expression, right):
    assert fits(expression) is right


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ([("License-Expression", "MIT OR Apache-2.0"), ("License", "other")], "MIT OR Apache-2.0"),
        ([("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        ([("License", "Apache License 2.0")], "Apache-2.0"),
        ([("License", "BSD-3-Clause"), ("Classifier", "License :: OSI Approved :: BSD License")], "BSD-3-Clause"),
        ([("License", "Of my own")], "Of my own"),
        ([("Name", "acme")], "says none"),
    ],
)
def test_a_licence_is_read_wherever_a_package_says_it(fields, licence):
    metadata = Message()
    for name, value in fields:
        metadata[name] = value
    assert licence_of(metadata) == licence


def test_all_that_the_extras_bring_goes_with_ours():
    table = rows()
    assert {"pandas", "websocket-client", "ccxt", "sqlalchemy", "s3fs", "typing-extensions"} <= {
        row.name for row in table
    }
    assert [row for row in table if not row.fits] == []

"""`make licences`: the licences of all that a user gets with the wheel, as its packages' own metadata say them.

The wheel itself carries our own modules alone, under the licence beside them (`make dist` looks). What it depends on is
installed beside it: the core's dependencies always, the others with the extra that wants them. Ends with 1 if a package
says no licence that is known to go with Apache-2.0.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from packaging.requirements import Requirement

#: Licences that ask for their text to be kept and no more, and those (MPL, LGPL) that hold for their own files: whoever
#: uses such a package as it is, beside code of their own, may give that any licence.
GOES_WITH_OURS = frozenset(
    {
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "0BSD",
        "ISC",
        "MIT",
        "MIT-CMU",
        "HPND",
        "PSF-2.0",
        "Python-2.0",
        "Zlib",
        "CC0-1.0",
        "Unlicense",
        "MPL-2.0",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
    }
)
#: What metadata of before PEP 639 say, in words of everybody's own.
_SPDX = {
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd license": "BSD",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "python software foundation license": "PSF-2.0",
    "psf": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}


class Row(NamedTuple):
    """One package: `extra` is the first one that brings it, or nothing for the core's own."""

    name: str
    version: str
    licence: str
    extra: str

    @property
    def fits(self) -> bool:
        """Whether what it says is known to go with ours."""
        return fits(self.licence)


def fits(expression: str) -> bool:
    """Whether an SPDX expression goes with ours: one of those to choose from, or else each that it names."""
    known = [name.strip(" ()") in GOES_WITH_OURS for name in re.split(r" AND | OR ", expression)]
    return all(known) if " AND " in expression else any(known)


def rows(distribution: str = "wealthsources", without: tuple[str, ...] = ("all", "dev", "docs")) -> list[Row]:
    """All that the distribution needs, directly or not, by name; only what is installed here can be told."""
    found: dict[str, Row] = {}
    extras = importlib.metadata.distribution(distribution).metadata.get_all("Provides-Extra") or []
    for extra in ("", *(one for one in extras if one not in without)):
        for name in needed(distribution, extra, set()):
            found.setdefault(name, row(name, extra))
    return [found[name] for name in sorted(found)]


def needed(distribution: str, extra: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    for text in importlib.metadata.requires(distribution) or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                if name != "wealthsources":
                    yield name
                yield from needed(name, wanted, seen)


def row(name: str, extra: str) -> Row:
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return Row(name, "", "not installed here", extra)
    return Row(name, metadata["Version"], licence_of(metadata), extra)


def licence_of(metadata: importlib.metadata.PackageMetadata) -> str:
    """As an SPDX expression where it can be told, else in the package's own words."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")]
    names = [text.rpartition(" :: ")[2] for text in classifiers if text != "License :: OSI Approved"]
    said = str(metadata.get("License") or "").strip().splitlines()
    if len(names) == 1 and names[0] == "BSD License" and said and spdx(said[0]) in GOES_WITH_OURS:
        return spdx(said[0])
    if names:
        return " AND ".join(spdx(name) for name in names)
    return spdx(said[0]) if said else "says none"


def spdx(words: str) -> str:
    return _SPDX.get(words.strip().lower(), words.strip())


def main() -> int:
    table = [("package", "version", "licence", "brought by"), *((*row[:3], row.extra or "core") for row in rows())]
    widths = [max(len(line[place]) for line in table) for place in range(3)]
    for *cells, last in table:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), last]))
    wrong = [row.name for row in rows() if not row.fits]
    if wrong:
        print(f"not known to go with Apache-2.0: {', '.join(wrong)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

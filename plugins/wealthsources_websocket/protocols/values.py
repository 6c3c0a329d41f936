"""What the protocols have in common: five values as decimal text."""

from __future__ import annotations

from typing import Any, Final

from wealthsources import FIELDS, pack_decimals, read_value

_MOST_KNOWN: Final = 4_096

#: The five values as numbers, the code of their decimals, and the texts which that code cannot give back.
Values = tuple[tuple[float, float, float, float, float], int, "tuple[str | None, ...] | None"]


class KnownDecimals(dict[str, int]):
    """The decimals of texts, remembered: most opens, highs and lows come again with the next update."""

    def __missing__(self, text: str) -> int:
        if len(self) > _MOST_KNOWN:
            self.clear()
        decimals = self[text] = decimals_of(text)
        return decimals


def decimals_of(text: str) -> int:
    """The number of decimals of a text that msgspec read as a number.

    Raises ValueError if the float and that number might not give the text back.
    """
    whole, _, decimals = text.partition(".")
    if len(whole) + len(decimals) > 15 or not whole.isdigit() or "e" in text or "E" in text:
        raise ValueError(text)
    return len(decimals)


def read_values(raw: tuple[Any, ...]) -> Values:
    """The five values with the code of their decimals, and the texts which that code cannot give back.

    Raises ValueError that names the field.
    """
    numbers: list[float] = []
    texts: list[str | None] = []
    codes: list[int] = []
    for field, value in zip(FIELDS, raw, strict=True):
        if value is None:
            raise ValueError(f"{field}: is missing")
        try:
            read = read_value(str(value) if type(value) is int else value)
        except ValueError as error:
            raise ValueError(f"{field}: {error}") from None
        numbers.append(read.number)
        texts.append(read.text)
        codes.append(read.code)
    o, h, l, c, v = numbers  # noqa: E741
    return (o, h, l, c, v), pack_decimals(*codes), tuple(texts) if any(text is not None for text in texts) else None


def refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. Raises ValueError if it says something twice: which is meant, nobody knows."""
    said: dict[str, Any] = {}
    for name, value in pairs:
        if name in said:
            raise ValueError(f"{name!r} is said twice")
        said[name] = value
    return said

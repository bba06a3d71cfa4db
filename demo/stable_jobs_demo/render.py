"""Typed rows as the text departments send: labels, dates, amounts, and spellings that are odd but valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs_demo.block import Raw

if TYPE_CHECKING:
    import pyarrow as pa

Array = npt.NDArray[Any]
_WIDE = str.maketrans(
    "0123456789ABCDEFGHJKLMNPQRTUWXY", "０１２３４５６７８９ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＱＲＴＵＷＸＹ"
)
OPEN_ENDS = ("", "9999-12-31", "9999-9-9")


@dataclass(frozen=True)
class Spelling:
    """How a sender writes. `rng` None: plainly, always the same; else some cells are spelled oddly."""

    null_words: tuple[str, ...]
    rng: np.random.Generator | None

    def pick(self, words: Sequence[str], count: int) -> Array:
        """One of the words for each cell: mostly the first."""
        if self.rng is None or len(words) == 1:
            return np.full(count, words[0], dtype=object)
        weights = np.full(len(words), 0.2 / (len(words) - 1))
        weights[0] = 0.8
        return np.array(words, dtype=object)[self.rng.choice(len(words), size=count, p=weights)]

    def some(self, count: int, share: float) -> Array:
        """Places of a few cells."""
        return (
            np.empty(0, dtype=np.int64)
            if self.rng is None
            else np.flatnonzero(self.rng.random(count) < share)
        )


def labels_of(column: Column) -> Mapping[str, str]:
    """The Chinese label of each value of an enumeration or boolean."""
    return {
        value.lower() if column.kind is Kind.BOOLEAN else value: label
        for label, value in column.labels.items()
    }


def render_column(values: Array, column: Column, spelling: Spelling) -> pa.Array[Any]:
    """One column as text, as long as `values`."""
    import pyarrow as pa

    texts = _PLAIN[column.kind](values, column, spelling)
    odd = _ODD.get(column.kind)
    if odd is not None and column.name != "region_code":
        for place in spelling.some(len(texts), 0.01):
            texts[place] = odd(str(texts[place]), int(place))
    return pa.array(texts, type=pa.string())


def _texts(values: Array, column: Column, spelling: Spelling) -> Array:
    empty = values == ""
    if not empty.any():
        return values.copy()
    return np.where(empty, spelling.pick(spelling.null_words, len(values)), values)


def _integers(values: Array, column: Column, spelling: Spelling) -> Array:
    texts = values.astype("U20").astype(object)
    null = values < 0
    return np.where(null, spelling.pick(spelling.null_words, len(values)), texts) if null.any() else texts


def _amounts(values: Array, column: Column, spelling: Spelling) -> Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    cents = pa.array([f"{fen:02d}" for fen in range(100)]).take(pa.array(values % 100))
    whole = pc.cast(pa.array(values // 100), pa.string())
    return np.asarray(pc.binary_join_element_wise(whole, cents, ".").to_numpy(zero_copy_only=False))


def _day(day: date, style: int) -> str:
    return (day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day:%Y%m%d}")[style]


def _days(values: Array, column: Column, spelling: Spelling) -> Array:
    null = np.isnat(values)
    first = values[~null].min() if not null.all() else np.datetime64("2020-01-01", "D")
    offsets = np.where(null, first, values).astype("datetime64[D]") - first.astype("datetime64[D]")
    places = offsets.astype(np.int64)
    span = [(first + k).astype(object) for k in range(int(places.max(initial=0)) + 1)]
    table = np.array([[_day(day, style) for day in span] for style in range(3)], dtype=object)
    style = (
        np.zeros(len(values), dtype=np.int64) if spelling.rng is None else spelling.rng.choice(3, len(values))
    )
    words = OPEN_ENDS if column.kind is Kind.OPEN_DATE else spelling.null_words
    return np.where(null, spelling.pick(words, len(values)), table[style, places])


def _instants(values: Array, column: Column, spelling: Spelling) -> Array:
    texts = np.datetime_as_string(values, unit="s").tolist()
    return np.array([text.replace("T", " ") for text in texts], dtype=object)


def _enumerated(values: Array, column: Column, spelling: Spelling) -> Array:
    labels = labels_of(column)
    texts = np.empty(len(values), dtype=object)
    for value in set(values.tolist()):
        texts[values == value] = labels.get(value, "")
    return _texts(texts, column, spelling)


def _truths(values: Array, column: Column, spelling: Spelling) -> Array:
    labels = labels_of(column)
    return np.where(values, labels["true"], labels["false"]).astype(object)


_PLAIN: dict[Kind, Callable[[Array, Column, Spelling], Array]] = {
    Kind.TEXT: _texts,
    Kind.CODE: _texts,
    Kind.INTEGER: _integers,
    Kind.MONTH: _integers,
    Kind.MONEY: _amounts,
    Kind.DATE: _days,
    Kind.OPEN_DATE: _days,
    Kind.TIMESTAMP: _instants,
    Kind.ENUM: _enumerated,
    Kind.BOOLEAN: _truths,
}


def _odd_number(text: str, place: int) -> str:
    """Thousands separators, full-width digits, or fewer decimals."""
    whole, dot, cents = text.partition(".")
    if not whole.isdecimal():
        return text
    if place % 3 == 0:
        return f"{int(whole):,}{dot}{cents}"
    return text.translate(_WIDE) if place % 3 == 1 else whole + (dot + cents if cents.strip("0") else "")


def _odd_code(text: str, place: int) -> str:
    """Small letters, full width, or blanks around."""
    if len(text) < 10:  # a null word, an industry
        return text
    return (text.lower(), text.translate(_WIDE), f" {text} ")[place % 3]


_ODD: dict[Kind, Callable[[str, int], str]] = {
    Kind.INTEGER: _odd_number,
    Kind.MONEY: _odd_number,
    Kind.CODE: _odd_code,
}


def render_cell(value: Any, column: Column, spelling: Spelling) -> str:
    """One cell of an extra row. A `Raw` stands as it is; None is a null word."""
    if isinstance(value, Raw):
        return str(value)
    if value is None or value == "":
        return str(spelling.pick(OPEN_ENDS if column.kind is Kind.OPEN_DATE else spelling.null_words, 1)[0])
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if column.kind is Kind.MONEY:
        return f"{int(value) // 100}.{int(value) % 100:02d}"
    if column.kind in (Kind.ENUM, Kind.BOOLEAN):
        return labels_of(column)[str(value).lower() if column.kind is Kind.BOOLEAN else value]
    return str(value)


def render_rows(rows: Mapping[str, Array], contract: Contract, spelling: Spelling) -> list[pa.Array[Any]]:
    """All columns of a contract, in its order. Raises ValueError where the names are not exactly its own."""
    _check_names(contract, rows)
    return [render_column(rows[column.name], column, spelling) for column in contract.columns]


def render_extras(
    rows: Sequence[Mapping[str, Any]], contract: Contract, spelling: Spelling
) -> list[pa.Array[Any]]:
    """Extra rows, cell by cell: there are few."""
    import pyarrow as pa

    for row in rows:
        _check_names(contract, row)
    return [
        pa.array([render_cell(row[column.name], column, spelling) for row in rows], type=pa.string())
        for column in contract.columns
    ]


def _check_names(contract: Contract, rows: Mapping[str, Any]) -> None:
    expected = {column.name for column in contract.columns}
    if set(rows) != expected:
        raise ValueError(f"{contract.extract}: columns {sorted(set(rows) ^ expected)} are not the contract's")

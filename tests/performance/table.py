"""The figures as people read them."""

from collections.abc import Iterable

from tests.performance.figure import Figure

HEAD = ("figure", "value", "unit", "goal", "")


def lines(figures: Iterable[Figure]) -> list[str]:
    """Return a table, each figure's note below it."""
    rows = [(each, _row(each)) for each in figures]
    widths = [max(len(row[column]) for row in [HEAD, *(cells for _, cells in rows)]) for column in range(len(HEAD))]
    told = [_line(HEAD, widths), "  ".join("-" * width for width in widths).rstrip()]
    for figure, cells in rows:
        told.append(_line(cells, widths))
        told += [f"    {line}" for line in figure.note.splitlines()]
    return told


def _row(figure: Figure) -> tuple[str, ...]:
    value = "none" if figure.value is None else f"{figure.value:.4g}"
    goal = "" if figure.goal is None else f"<= {figure.goal:g}"
    return figure.name, value, figure.unit, goal, figure.verdict


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    name, value, *others = (
        cell.rjust(width) if column == 1 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([name, value, *others]).rstrip()

"""Figures as inline SVG: the same bytes on every run, with a title and a description that can be read aloud.

Text is drawn as outlines of the font that ships with matplotlib: it looks the same on every machine and needs no font
there; the words are in the title and description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from coachresearch.display.html import escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SETTINGS: tuple[tuple[Any, Any], ...] = (
    ("svg.fonttype", "path"), ("svg.image_inline", True), ("font.family", ["DejaVu Sans"]),
)


@contextmanager
def settled(id: str) -> Iterator[None]:
    """Draw and save with matplotlib's own defaults, whatever the user's settings are, and put those back afterwards."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        for name, value in (*_SETTINGS, ("svg.hashsalt", id)):
            matplotlib.rcParams[name] = value
        yield


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure ready for a page or a notebook.

    Parameters
    ----------
    svg : str
        One ``svg`` element.
    title, description : str
        Its name and what it shows, in words.
    """

    svg: str
    title: str
    description: str

    def _repr_html_(self) -> str:
        return self.svg


def figure_svg(figure: Figure, *, id: str, title: str, description: str) -> Drawing:
    """Write a matplotlib figure as an SVG element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    id : str
        Prefix of every id within, so that several figures may stand on one page.
    title, description : str
        Name and alternative text; a figure without them is refused.

    Raises
    ------
    ValueError
        If the title or the description is empty.
    """
    if not (title.strip() and description.strip()):
        raise ValueError(f"figure {id!r} needs a title and a description")
    inner, box = _inner(figure, id)
    words = f'<title id="{escaped(id)}-title">{escaped(title)}</title>'
    words += f'<desc id="{escaped(id)}-desc">{escaped(description)}</desc>'
    opening = (
        f'<svg id="{escaped(id)}" class="cr-figure" role="img" '
        f'aria-labelledby="{escaped(id)}-title {escaped(id)}-desc" '
        f'viewBox="{box}" style="width:100%;max-width:{float(box.split()[2]) * 5 / 3:.0f}px;height:auto" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return Drawing(f"{opening}{words}{inner}</svg>", title, description)


def _inner(figure: Figure, id: str) -> tuple[str, str]:
    buffer = BytesIO()
    with settled(id):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, facecolor="white", bbox_inches="tight",
                       pad_inches=0.04)
    text = buffer.getvalue().decode("utf-8")
    box = re.search(r'viewBox="([^"]+)"', text)
    body = re.search(r"<svg[^>]*>(.*)</svg>", text, flags=re.DOTALL)
    if box is None or body is None:
        raise ValueError(f"matplotlib wrote no SVG for figure {id!r}")
    inner = re.sub(r"<metadata>.*?</metadata>", "", body.group(1), flags=re.DOTALL)
    inner = re.sub(r"<!--.*?-->", "", inner, flags=re.DOTALL)
    inner = re.sub(r'\bid="([^"]+)"', rf'id="{id}-\1"', inner)
    inner = re.sub(r'href="#([^"]+)"', rf'href="#{id}-\1"', inner)
    inner = re.sub(r"url\(#([^)]+)\)", rf"url(#{id}-\1)", inner)
    return re.sub(r"\s*\n\s*", "\n", inner).strip(), box.group(1)

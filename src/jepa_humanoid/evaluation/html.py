"""Pages that need nothing else: one file, with its style and its pictures inside."""

from collections.abc import Sequence
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #0f172a; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p { color: #475569; margin: .2rem 0 .6rem; max-width: 46rem; } svg, img { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .2rem .7rem; border-bottom: 1px solid #e2e8f0; }
th:first-child, td:first-child { text-align: left; } details { margin-top: 2rem; } details table { font-size: 12px; }
.wide { overflow-x: auto; }
"""


def page(title: str, note: str, sections: Sequence[str]) -> str:
    """A page of sections, below a title and a sentence."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n<p>{escape(note)}</p>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def section(heading: str, note: str, content: str) -> str:
    """A part of a page; its content is HTML."""
    return f"<section><h2>{escape(heading)}</h2><p>{escape(note)}</p>{content}</section>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, which may be wider than the page."""
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<div class=wide><table><tr>{top}</tr>{body}</table></div>"

"""Hooks of mkdocs.

Links from the pages to the repository's own files work in the site as they do in a checkout. Formulas become MathML,
which browsers draw by themselves: no script is fetched from elsewhere.
"""

import html
import posixpath
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = re.compile(r"\]\(((?:\.\./)+)((?:src|config|models|examples|launch|scripts|benchmarks)/[^)#]+|README\.md)\)")
"""A Markdown link from a page to something beside docs/."""
FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</(?:span|div)>',
    re.DOTALL,
)
"""TeX, as the Markdown extension arithmatex leaves it."""
API = {
    "body": "body_and_mind",
    "mind": "body_and_mind",
    "status": "body_and_mind",
    "safety": "body_and_mind",
    "data": "data_and_evaluation",
    "evaluation": "data_and_evaluation",
}
"""Page of the API on which a module stands, where that is not the package's own."""


def on_files(files: Files, config: Any) -> Files:
    """Publish the files that pages link to and that are no modules, and the readme as the home page."""
    files.append(File.generated(config, "index.md", content=_home()))
    linked: set[str] = set()
    for page in files.documentation_pages():
        linked |= {path for _, path in OUTSIDE.findall(page.content_string) if not _is_module(path)}
    for path in sorted(linked - {"README.md"}):
        files.append(File.generated(config, f"files/{path}.txt", content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def _home() -> str:
    """The readme, its links as seen from docs/."""
    home = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .replace("](docs/", "](")
        .replace("(CONTRIBUTING.md)", "(development.md)")
    )
    return home.replace("](models/", "](../models/").replace("](examples)", "](api/index.md)")


def _is_module(path: str) -> bool:
    """Whether a path is a module, or the folder of a package."""
    return path.startswith("src/") and (path.endswith(".py") or (ROOT / path).is_dir())


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point links to modules at their part of the API, and links to other files at their copies."""
    here = posixpath.dirname(page.file.src_uri)

    def target(match: re.Match[str]) -> str:
        path = match[2]
        if path == "README.md":
            return f"]({posixpath.relpath('index.md', here)})"
        if not _is_module(path):
            return f"]({posixpath.relpath(f'files/{path}.txt', here)})"
        module = path.removeprefix("src/").removesuffix(".py").replace("/", ".")
        package = module.split(".")[1]
        known = API.get(package, package)
        name = known if (ROOT / "docs" / "api" / f"{known}.md").is_file() else "basics"
        return f"]({posixpath.relpath(f'api/{name}.md', here)}#{module})"

    return OUTSIDE.sub(target, markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Turn formulas into MathML."""

    def formula(match: re.Match[str]) -> str:
        display = "block" if match[1] == "div" else "inline"
        return str(convert(html.unescape(match[2]), display=display))

    return FORMULA.sub(formula, content)

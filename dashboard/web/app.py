"""What Streamlit runs: finds the pages and shows the one that the address names."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import streamlit as st

from dashboard import account, links, pages

FAVICON = (  # drawn here: an icon by name would be fetched from elsewhere
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#005F99"/>'
    '<path d="M6 23 13 15 18 19 26 8" fill="none" stroke="#fff" stroke-width="3.5"/></svg>'
)
READABLE = (  # Streamlit writes white on the primary colour, which in the dark theme is a light one
    "<style>.stApp [data-tag]:not([aria-disabled]), .stApp [kind^=primary]:not(:disabled) "
    "{color: light-dark(white, black)}</style>"
)


def page_modules() -> list[ModuleType]:
    """Every page, in the order of its ORDER; the first is what the bare address shows."""
    files = Path(next(iter(pages.__path__))).glob("[!_]*.py")
    modules = [importlib.import_module(f"{pages.__name__}.{file.stem}") for file in files]
    return sorted(modules, key=lambda module: (module.ORDER, module.__name__))


def page_of(module: ModuleType) -> st.Page:
    return st.Page(
        module.page,
        title=module.TITLE,
        icon=module.ICON,
        url_path=module.__name__.rpartition(".")[2],
        visibility="hidden" if getattr(module, "HIDDEN", False) else "visible",
    )


st.set_page_config(page_title="automl", page_icon=FAVICON, layout="wide")
st.html(READABLE)
found = {module.__name__.rpartition(".")[2]: page_of(module) for module in page_modules()}
links.register(found)
shown = st.navigation(list(found.values()), position="top")
account.let_in()
links.settle(shown.url_path)
shown.run()

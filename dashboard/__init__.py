"""The dashboard: shows what a store holds, in the browser, and writes nothing.

`web/app.py` is the program that Streamlit runs; each file of `pages/` is one page.
"""

from dashboard.server import launch

__all__ = ["launch"]

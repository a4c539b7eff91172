"""A picture of every page, light and dark: ``python -m benchmarks.dashboard.screenshots --out docs/images``.

The store is the recorded one that ``automl dashboard --demo`` shows, unless ``--store`` names another.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from PIL import Image

from automl.store import open_store
from benchmarks.dashboard.addresses import Address, Names, addresses
from benchmarks.dashboard.browser import SCHEMES, Scheme, chromium, tab
from benchmarks.dashboard.serving import Site, serving
from benchmarks.dashboard.stores import names_of
from dashboard.demo import filled

MOST_BYTES = 150_000
COLOURS = (256, 128, 64)  # of a picture: fewer where it would be too large
STILL = """*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent
    !important; }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="default: %(default)s")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="names of addresses; all unless told")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with filled() if options.store is None else nullcontext(options.store) as store:
        take(store, options.out, options.only)


def take(store: Path, out: Path, only: list[str]) -> None:
    """Writes the pictures of a store into a folder."""
    names = names_of(open_store(store))
    with (
        tempfile.TemporaryDirectory(prefix="automl-pictures-") as folder,
        serving(store, Path(folder) / "server.log") as site,
        chromium() as browser,
    ):
        for address in addresses():
            if only and address.name not in only:
                continue
            for scheme in SCHEMES:
                file = out / f"{address.name}-{scheme}.png"
                file.write_bytes(picture(browser, site, address, names, scheme))
                print(f"{file}: {file.stat().st_size / 1000:.0f} kB", flush=True)


def picture(browser: Any, site: Site, address: Address, names: Names, scheme: Scheme) -> bytes:
    """What is seen at the top of a page, as a PNG of few bytes."""
    with tab(browser, scheme) as one:
        one.page.goto(site.url + names.fill(address.path, 0), wait_until="commit")
        one.wait_for(address.shown)
        one.settle()
        one.page.add_style_tag(content=STILL)
        one.page.wait_for_timeout(500)  # charts draw themselves after the page's program has run
        return small(one.page.screenshot())


def small(png: bytes) -> bytes:
    """The same picture with as many colours as fit into `MOST_BYTES`."""
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    for n_colours in COLOURS:
        buffer = io.BytesIO()
        reduced = whole.quantize(n_colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        reduced.save(buffer, "PNG", optimize=True)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


if __name__ == "__main__":
    main()

"""The pages that are shown to whoever is not signed in: plain HTML without a script."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.responses import HTMLResponse

from dashboard import words

_STYLE = """
:root { color-scheme: light dark; --ink: #0E1318; --back: #FFFFFF; --line: #7A858F; --main: #005F99; --on: #FFFFFF;
  --bad: #8A3D00; }
@media (prefers-color-scheme: dark) { :root { --ink: #E9EDF0; --back: #11161B; --line: #7F8B96; --main: #6CB6E8;
  --on: #11161B; --bad: #F7B27A; } }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 34rem; margin: 14vh auto 3rem; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; font-weight: 650; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; } a { color: var(--main); } code { font-size: .95em; }
.bad { color: var(--bad); border-left: .25rem solid; padding-left: .75rem; font-weight: 600; }
label { display: block; font-weight: 600; margin: 1.25rem 0 .35rem; }
input { box-sizing: border-box; width: 100%; padding: .6rem .7rem; font: inherit; color: inherit;
  background: var(--back); border: 1px solid var(--line); border-radius: .35rem; }
button { margin-top: 1rem; padding: .55rem 1.4rem; font: inherit; font-weight: 600; border: 0; border-radius: .35rem;
  background: var(--main); color: var(--on); cursor: pointer; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
"""
_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def form(
    about: str, field: str, label: str, kind: str, onwards: str, problem: str, status: int
) -> HTMLResponse:
    """Asks for what lets one in.

    Args:
        about: in HTML, what is wanted and where it comes from; the only argument that is not text.
        field: the name under which it comes back.
        kind: of the field: ``text``, or ``password`` for what nobody should see over a shoulder.
        onwards: the address that was asked for.
        problem: why it was not good the last time; empty the first time.
    """
    said = f'<p class="bad" role="alert">{_text(problem)}</p>' if problem else ""
    return _page(
        "Sign in",
        f"""{said}{about}
<form method="post" action="/sign-in">
<label for="it">{_text(label)}</label>
<input id="it" name="{field}" type="{kind}" required autofocus autocomplete="off" spellcheck="false" maxlength="2000">
<input type="hidden" name="next" value="{escape(onwards)}">
<button type="submit">Sign in</button>
</form>""",
        status,
    )


def onwards(address: str) -> HTMLResponse:
    """Leads on, as a step within this site: a browser sends no strict cookie where another site led it here."""
    return _page(
        "One moment",
        f'<p><a href="{escape(address)}">Go on to the dashboard</a></p>',
        200,
        f'<meta http-equiv="refresh" content="0; url={escape(address)}">',
    )


def problem(title: str, sentence: str, status: int) -> HTMLResponse:
    """Says why there is nothing to see."""
    return _page(title, f"<p>{_text(sentence)}</p>", status)


def _page(title: str, body: str, status: int, head: str = "") -> HTMLResponse:
    return HTMLResponse(
        f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
{head}<title>{_text(title)} · automl</title><style>{_STYLE}</style></head>
<body><main><h1>{_text(title)}</h1>
{body}</main></body></html>""",
        status,
        HEADERS,
    )


def _text(value: str) -> str:
    return escape(words.text(value, 800))

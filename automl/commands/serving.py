"""Commands for those who run the service."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from automl.commands.options import JsonOption, StoreOption
from automl.errors import RequestError

token = typer.Typer(help="Makes, lists and revokes the tokens that let users in.", no_args_is_help=True)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def serve(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="On which port.", min=1, max=65535)] = 8700,
    tls_certificate: Annotated[
        Path | None, typer.Option(help="PEM file; others than this machine need TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A proxy before it has TLS; nobody else reaches it.")
    ] = False,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE; again for others: open_searches, upload_bytes, requests, failed_logins."
        ),
    ] = None,
    allow_code: Annotated[
        bool,
        typer.Option("--allow-code", help="Let authors submit families of their own: code, run on workers."),
    ] = False,
    cluster_file: Annotated[
        Path | None,
        typer.Option(help="Of Ray's cluster launcher: counts machines that are not up before there is work."),
    ] = None,
    with_input: Annotated[
        bool, typer.Option("--with-input", hidden=True, help="End when the standard input does.")
    ] = False,
) -> None:
    """Serves a store to users who have tokens: leaderboards, trials, models."""
    from automl.service import serve as serving
    from automl.service.limits import parse_limits
    from automl.service.tokens import Tokens
    from automl.store import open_store

    limits = parse_limits(limit or [])
    serving.check_open(host, tls_certificate, tls_key, behind_proxy)
    opened = open_store(store, create=True)
    if not Tokens(opened).list():
        print("Nobody has a token yet: automl token create --role admin NAME", file=sys.stderr)
    if with_input:  # whoever started it holds the other end, and may die without a word
        threading.Thread(target=_end_with_input, daemon=True).start()
    scheme = "http" if tls_certificate is None else "https"
    print(f"Serving {opened} at {scheme}://{host}:{port}; Ctrl-C ends it.", file=sys.stderr)
    serving.serve(opened, host, port, tls_certificate, tls_key, limits, allow_code, cluster_file)


def _end_with_input() -> None:
    while os.read(0, 1024):  # not by `sys.stdin`, which a thread must not hold as Python ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@token.command("create")
def create(
    user: Annotated[str, typer.Argument(metavar="USER", help="Whose it is.")],
    role: Annotated[
        str, typer.Option(help="viewer, submitter, author or admin; or delegate, for a dashboard.")
    ] = "viewer",
    expires: Annotated[str, typer.Option(help="12h, 90d, 4w.")] = "90d",
    store: StoreOption = None,
) -> None:
    """Makes a token and prints it, this once."""
    from automl.service.audit import Audit
    from automl.service.tokens import Tokens
    from automl.store import open_store

    opened = open_store(store, create=True)
    shown, made = Tokens(opened).create(user, role, _lasts(expires))
    Audit(opened).write("token created", "the machine of the service", token=made.id, of=user, role=role)
    print(shown)
    print(
        f"For {user}, as {role}, until {made.expires_at:%Y-%m-%d %H:%M} UTC. It is not shown again.",
        file=sys.stderr,
    )


@token.command("list")
def listed(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Lists the tokens; what would let anybody in is not kept."""
    from automl.service.tokens import Tokens
    from automl.show import show
    from automl.store import open_store

    rows = [one.to_plain() for one in Tokens(open_store(store)).list()]
    if as_json:
        print(json.dumps(rows))
        return
    if not rows:
        print("There is no token yet.")
        return
    import polars as pl

    show(pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)), "table")


@token.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="As `automl token list` shows it.")],
    store: StoreOption = None,
) -> None:
    """Lets a token be valid no more."""
    from automl.service.audit import Audit
    from automl.service.tokens import Tokens
    from automl.store import open_store

    opened = open_store(store)
    revoked = Tokens(opened).revoke(token_id)
    Audit(opened).write("token revoked", "the machine of the service", token=revoked.id, of=revoked.user)
    print(f"The token {revoked.id} of {revoked.user} is valid no more.")


def _lasts(text: str) -> timedelta:
    matched = re.fullmatch(r"([0-9]{1,5})([hdw])", text)
    if matched is None:
        raise RequestError(f"--expires is a number with h, d or w, such as 90d, but got {text[:50]!r}.")
    return int(matched[1]) * _UNITS[matched[2]]

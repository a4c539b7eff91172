"""The command line: its commands, and how an error becomes a message and an exit status.

The commands are in `automl/commands/`. What is heavy is imported inside the command that needs it.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from automl.commands import cluster, explaining, keeping, models, reading, searching, serving, submitting
from automl.errors import AutoMLError, shown

app = typer.Typer(
    name="automl",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    searching.search,
    searching.resume,
    searching.validate,
    submitting.submit,
    submitting.stop,
    reading.status,
    reading.leaderboard,
    reading.trials,
    reading.logs,
    models.pull,
    models.predict,
    models.evaluate,
    models.generate,
    explaining.inspect,
    explaining.explain,
    cluster.cluster,
    reading.dashboard,
    reading.families,
    reading.datasets,
    keeping.delete,
    keeping.gc,
    searching.demo,
    serving.serve,
):
    app.command()(command)
app.add_typer(serving.token, name="token")


@app.callback(invoke_without_command=True)
def automl(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001
) -> None:
    """Searches deep-learning architectures and their hyperparameters, and says honestly how good they are."""
    if version:
        from importlib.metadata import version as version_of

        print(f"automl {version_of('automl')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Runs a command; errors of ours become one paragraph and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows another
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        sys.exit(app(args=arguments, prog_name="automl", standalone_mode=False) or 0)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _fail("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        message, status = _explain(error)
        _fail(message, status)


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, AutoMLError):
        return str(error), error.exit_status
    if isinstance(error, ModuleNotFoundError) and error.name in _EXTRAS:
        extra = _EXTRAS[error.name]
        return f"This command needs {error.name}, which is not installed: pip install 'automl[{extra}]'.", 2
    if hasattr(error, "format_message"):  # what typer raises on a wrong command, option or argument
        message = str(error.format_message()).rstrip(".")
        return f"{message}{'' if message.endswith('?') else '.'} See `automl --help`.", 2
    if isinstance(error, _UNUSABLE) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}. Check the path and its permissions.", 2
    return (
        f"Something that should not happen did: {type(error).__name__}: {error}. Run it again with --debug "
        "for the details, and please report it.",
        1,
    )


_UNUSABLE = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_EXTRAS = {
    **dict.fromkeys(("torch", "ray", "optuna", "sklearn", "safetensors", "PIL", "numpy"), "search"),
    "obstore": "stores",
    **dict.fromkeys(("fastapi", "uvicorn", "starlette"), "service"),
    **dict.fromkeys(("streamlit", "altair"), "dashboard"),
    **dict.fromkeys(("onnx", "onnxscript", "onnxruntime"), "onnx"),
}


def _fail(message: str, status: int) -> None:
    print(f"automl: {shown(message)}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main()

"""The program `grae`: its commands and exit statuses.

Exit status 0; 2 for bad input, with a message; 1 for a bug, with its traceback; 130 on Ctrl-C.
"""

import errno
import io
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from grae.cli import (
    analogs,
    compare,
    data,
    decode,
    encode,
    evaluate,
    grammar,
    images,
    interpolate,
    merge,
    models,
    optimize,
    report,
    reproduce,
    sample,
    sharing,
    train,
)
from grae.cli.manual import furnish
from grae.errors import GraeError, shortened
from grae.terminal import say
from grae.version import __version__

BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
OUTSIDE_OUR_REACH = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG}
UsageError: type[Exception] = typer.BadParameter.__bases__[0]  # defined in typer or in click, depending on the version
NO_SUCH_PLACE = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV}


class Commands(TyperGroup):
    """The group of all commands; turns exceptions into a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the requested command."""
        for stream in (sys.stdout, sys.stderr):  # characters outside the terminal's encoding are escaped
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # here, where a closed pipe or a full disk can still be reported
            return result
        except UsageError as error:
            message = io.StringIO()
            error.show(message)  # pyright: ignore[reportAttributeAccessIssue]
            say(message.getvalue().rstrip(), sys.stderr)
            raise typer.Exit(BAD_INPUT) from error
        except GraeError as error:
            say(f"grae: {error}", sys.stderr)
            raise typer.Exit(BAD_INPUT) from error
        except KeyboardInterrupt as interrupt:
            say(f"\ngrae: {str(interrupt) or 'interrupted'}", sys.stderr)
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError as error:
            # the reader of the output has closed the pipe (`grae sample | head`)
            _discard_unwritten()
            raise typer.Exit(BROKEN_PIPE) from error
        except MemoryError as error:
            remedy = "ask for less at once (-n, --latent-dim, --batch-size), or use a machine with more"
            say(f"grae: {GraeError('there is not enough memory for this', remedy=remedy)}", sys.stderr)
            raise typer.Exit(BAD_INPUT) from error
        except OSError as error:
            if error.errno not in OUTSIDE_OUR_REACH | NO_SUCH_PLACE:
                raise
            place = f"{shortened(str(error.filename))}: " if error.filename else ""
            remedy = "free some space or choose another place (--out, GRAE_CACHE_HOME), then run it again"
            if error.errno in NO_SUCH_PLACE:
                remedy = "give the path of a file or a folder"
            say(f"grae: {GraeError(f'{place}{error.strerror}', remedy=remedy)}", sys.stderr)
            _discard_unwritten()
            raise typer.Exit(BAD_INPUT) from error


def _discard_unwritten() -> None:
    """Discards what cannot be written to standard output; Python would try again at exit, and exit with status 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    name="grae",
    cls=Commands,
    help="Regularized autoencoders of the strings of a grammar; every sample parses.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(grammar.app, name="grammar")
app.add_typer(data.app, name="data")
app.add_typer(models.app, name="models")
app.command("train")(train.train)
app.command("encode")(encode.encode)
app.command("decode")(decode.decode)
app.command("sample")(sample.sample)
app.command("analogs")(analogs.analogs)
app.command("interpolate")(interpolate.interpolate)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("merge")(merge.merge)
app.add_typer(images.app, name="images")
app.command("optimize")(optimize.optimize)
app.command("report")(report.report)
app.command("push")(sharing.push)
app.command("pull")(sharing.pull)
app.add_typer(reproduce.app, name="reproduce")
furnish(app)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"grae {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Regularized autoencoders of the strings of a grammar; every sample parses."""


def main() -> None:
    """The program `grae`."""
    app()

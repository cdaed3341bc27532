"""The `uprightd` command: its subcommands, and how every error leaves it.

Nothing heavy is imported here: a command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
import traceback

import click

from uprightd import __version__
from uprightd.cli import (
    bench,
    calibrate,
    captures,
    checks,
    demo,
    derm,
    derm_pairs,
    explain,
    gait,
    models,
    monitoring,
    replay,
    reporting,
    rules,
    service,
    snapshot,
    suggest,
    userdata,
)
from uprightd.errors import InternalError, UprightError, UsageError
from uprightd.problems import printable

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="uprightd")
def uprightd() -> None:
    """A local-only posture monitor: watches through the webcam, measures, and speaks rarely.

    Start with `uprightd demo`, then `uprightd doctor` and `uprightd run`.
    """


for command in (
    demo.demo,
    calibrate.calibrate,
    monitoring.run,
    monitoring.status,
    monitoring.pause,
    monitoring.resume,
    monitoring.stop,
    snapshot.snapshot,
    derm.derm,
    captures.captures,
    gait.gait,
    reporting.report,
    explain.explain,
    userdata.export,
    userdata.backup,
    userdata.forget,
    userdata.privacy,
    rules.rules,
    models.models,
    checks.config,
    checks.doctor,
    service.service,
    bench.bench,
):
    uprightd.add_command(command)
for command in (derm_pairs.compare, derm_pairs.marker):
    derm.derm.add_command(command)
for command in (replay.test, suggest.suggest):
    rules.rules.add_command(command)


def main() -> None:
    """Run the command line and exit with the code that DESIGN's table gives to the outcome."""
    os.umask(0o077)  # whatever we write is the user's alone
    try:
        sys.exit(uprightd.main(prog_name="uprightd", standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as unfinished:
        click.echo(unfinished.format_message(), err=True)
        sys.exit(UsageError.exit_code)
    except click.ClickException as error:
        _fail(_usage(error))
    except UprightError as error:
        _fail(error)
    except BrokenPipeError:
        # The reader of our output went away (| head); there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last net: a bug is one line for the person, not a page
        if os.environ.get("UPRIGHTD_TRACEBACK"):
            traceback.print_exc()
        _fail(
            InternalError(
                f"this is a fault of uprightd: {type(error).__name__}: {error}",
                "Please report it with the output of the same command under UPRIGHTD_TRACEBACK=1.",
            )
        )


def _usage(error: click.ClickException) -> UsageError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "uprightd"
    return UsageError(error.format_message(), f"See: {command} --help")


def _fail(error: UprightError) -> None:
    # A file's name may hold anything, also what would confuse the terminal.
    lines = (printable(line) for line in f"uprightd: {error}".split("\n"))
    click.echo("\n".join(lines), err=True)
    sys.exit(error.exit_code)

"""The command line: one command a task, nothing heavy imported before a command needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from coachresearch.core.errors import CoachResearchError

app = typer.Typer(
    name="coachresearch", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None, help="Did leadership coaching change anything, and would we know?",
)
instruments_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at the questionnaires.")
app.add_typer(instruments_app, name="instruments")

StudyFolder = Annotated[Path, typer.Argument(help="Study folder, or its study.yaml.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write; in the study folder if not said.")]


def main() -> None:
    """Run the command line; an error that the user can mend ends with exit code 2 and no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except CoachResearchError as error:
        _complain(str(error))
    except PermissionError as error:
        _complain(f"{error.filename} may not be written or read: {error.strerror}.\nChoose another folder with --out, "
                  "or change its permissions.")
    except FileNotFoundError as error:
        _complain(f"{error.filename} is not there.\nCheck the path.")


def _complain(message: str) -> None:
    typer.echo(message, err=True)
    raise SystemExit(2)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; its name becomes the study's id.")],
    title: Annotated[str, typer.Option(help="Title of the study.")] = "",
    assignment: Annotated[str, typer.Option(help="How people come into their arms: randomised, waitlist, matched, "
                                                 "self_selected, one_group or cross_section.")] = "waitlist",
    instrument: Annotated[str, typer.Option(help="Instrument of the primary outcome.")] = "mq5",
    form: Annotated[str, typer.Option(help="Form of that instrument.")] = "core",
) -> None:
    """Make a study folder: study.yaml and empty tables to fill in."""
    from coachresearch.apps.setup import new_study

    typer.echo(new_study(folder, title=title, assignment=assignment, instrument=instrument, form=form))


@instruments_app.command("list")
def list_instruments(
    family: Annotated[str, typer.Option(help="Only this family.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Folder of your own instruments, read beside ours.")] = None,
) -> None:
    """List the instruments, a line each."""
    from coachresearch.apps.catalogue import instrument_lines

    for line in instrument_lines(family=family, folder=folder):
        typer.echo(line)


@instruments_app.command("show")
def show_instrument(
    name: Annotated[str, typer.Argument(help="Id of an instrument, or a YAML file.")],
    folder: Annotated[Path | None, typer.Option(help="Folder of your own instruments, read beside ours.")] = None,
    language: Annotated[str, typer.Option(help="Language of the wording.")] = "en",
) -> None:
    """Show one instrument: what it measures, its items and keys, terms, and what may be claimed for it."""
    from coachresearch.apps.catalogue import instrument_card

    typer.echo(instrument_card(name, folder=folder, language=language))


@instruments_app.command("check")
def check_instrument(files: Annotated[list[Path], typer.Argument(help="YAML files to check.")]) -> None:
    """Check instrument files: structure, keys, wording; every fault is reported."""
    from coachresearch.apps.catalogue import check_files

    for line in check_files(files):
        typer.echo(line)


@app.command("import")
def import_file(
    study: StudyFolder,
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or SPSS .sav file of answers or of ready-made scores.")],
    mapping: Annotated[Path | None, typer.Option(help="YAML file that says which column is what.")] = None,
    instrument: Annotated[str, typer.Option(help="Without a mapping: print a proposed one for this instrument.")] = "",
) -> None:
    """Import answers that others collected, or that were exported here; all of the file or nothing."""
    from coachresearch.apps.imports import import_exported, import_into, is_exported, proposed

    if mapping is None and is_exported(file):
        typer.echo(import_exported(study, file))
    elif mapping is None:
        typer.echo(proposed(study, file, instrument=instrument))
    else:
        typer.echo(import_into(study, file, mapping))


@app.command()
def score(study: StudyFolder, out: Out = None) -> None:
    """Form scale scores and write them as CSV."""
    from coachresearch.apps.score import write_scores

    typer.echo(write_scores(study, out))


@app.command()
def measure(study: StudyFolder, out: Out = None) -> None:
    """Write the measurement report: how well each scale of the study is measured."""
    from coachresearch.apps.measure import write_measurement_report

    typer.echo(write_measurement_report(study, out))


@app.command()
def evaluate(study: StudyFolder) -> None:
    """Print what changed, by how much, and what may be said about it."""
    from coachresearch.apps.evaluate import evaluation_text

    typer.echo(evaluation_text(study))


@app.command()
def report(study: StudyFolder, out: Out = None) -> None:
    """Write the study report: one self-contained HTML page, and its claims as JSON beside it."""
    from coachresearch.apps.evaluate import write_study_report

    typer.echo(write_study_report(study, out))


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(help="Folder for your copies of the notebooks.")] = Path(
        "coachresearch-lab"),
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Copy the notebooks into a folder, keeping what is there, and open JupyterLab."""
    from coachresearch.apps.lab import open_lab

    open_lab(folder, browser=browser)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the two studies and their reports.")] = Path(
        "coachresearch-demo"),
    only: Annotated[str, typer.Option(help="Only one of the two: simulated or public.")] = "",
) -> None:
    """Run the whole way on a simulated cohort and on the public answers of 2,800 people, to two HTML reports."""
    from coachresearch.apps.demo import run_demo

    for line in run_demo(out, only=only):
        typer.echo(line)

"""The command line: one command a task, nothing heavy imported before a command needs it."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from coachresearch.apps.data import data_app
from coachresearch.core.errors import CoachResearchError

app = typer.Typer(
    name="coachresearch", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    rich_markup_mode=None, help="Did leadership coaching change anything, and would we know?",
)
instruments_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at the questionnaires.")
app.add_typer(instruments_app, name="instruments")
app.add_typer(data_app, name="data")

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
    except FileNotFoundError as error:
        _complain(f"{error.filename} is not there.\nCheck the path.")
    except OSError as error:
        _complain(f"{error.filename or 'A file'} cannot be written or read: {error.strerror}.\n"
                  "Choose another folder, or change its permissions.")


def _complain(message: str) -> None:
    typer.echo(message, err=True)
    raise SystemExit(2)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; its name becomes the study's id.")],
    title: Annotated[str, typer.Option(help="Title of the study.")] = "",
    assignment: Annotated[str, typer.Option(help="How people come into their arms: randomised or waitlist (both by "
                                                 "lot), matched, self_selected (they chose or were chosen), "
                                                 "one_group or cross_section.")] = "waitlist",
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
    ours: Annotated[bool, typer.Option("--ours", help="Only our own.")] = False,
    published: Annotated[bool, typer.Option("--published", help="Only what others published.")] = False,
    licence: Annotated[str, typer.Option(help="Only these terms, such as public-domain or open-licence.")] = "",
    search: Annotated[str, typer.Option(help="Only those with these words in id or name.")] = "",
) -> None:
    """List our instruments, and apart from them the published scales, a line each."""
    from coachresearch.apps.catalogue import library_lines

    which: Literal["all", "ours", "published"] = "all" if ours == published else "ours" if ours else "published"
    for line in library_lines(which=which, family=family, licence=licence, words=search, folder=folder):
        typer.echo(line)


@instruments_app.command("show")
def show_instrument(
    name: Annotated[str, typer.Argument(help="Id of an instrument, or a YAML file.")],
    folder: Annotated[Path | None, typer.Option(help="Folder of your own instruments, read beside ours.")] = None,
    language: Annotated[str, typer.Option(help="Language of the wording.")] = "en",
) -> None:
    """Show one instrument or published scale: what it measures, its key, terms, and how well each thing is known."""
    from coachresearch.apps.catalogue import shown

    typer.echo(shown(name, folder=folder, language=language))


@instruments_app.command("check")
def check_instrument(files: Annotated[list[Path], typer.Argument(help="YAML files to check.")]) -> None:
    """Check instrument files: structure, keys, wording; every fault is reported."""
    from coachresearch.apps.catalogue import check_files

    for line in check_files(files):
        typer.echo(line)


@instruments_app.command("use")
def use_instrument(
    study: StudyFolder,
    scale: Annotated[str, typer.Argument(help="Id of a published scale.")],
    wording: Annotated[Path | None, typer.Option(help="File with its wording: npm archive, psychTools table, or your "
                                                      "own CSV, JSON or filled-in template.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="Language of the wording; may be given twice.")] = None,
    by: Annotated[str, typer.Option(help="Your own file: who takes responsibility for its use.")] = "",
    origin: Annotated[str, typer.Option(help="Your own file: where the wording was taken from.")] = "",
    terms: Annotated[str, typer.Option(help="Your own file: terms under which it is used.")] = "",
    agreement: Annotated[str, typer.Option(help="Your own file: number or date of the owner's permission.")] = "",
    sha256: Annotated[str, typer.Option(help="Hash that the file must have.")] = "",
) -> None:
    """Bring a published scale into a study, with its wording or with its key alone."""
    from coachresearch.apps.published import use_published
    from coachresearch.instruments.wording_sources.table import Terms

    stated = Terms(by, date.today(), origin, terms, agreement) if any((by, origin, terms, agreement)) else None
    for line in use_published(study, scale, wording=wording, languages=tuple(language or ("en",)), terms=stated,
                              sha256=sha256):
        typer.echo(line)


@instruments_app.command("confirm")
def confirm_instrument(
    study: StudyFolder,
    instrument: Annotated[str, typer.Argument(help="Id of an instrument of the study whose key is recalled.")],
    by: Annotated[str, typer.Option(help="Who compared the key with the published form.")],
    against: Annotated[str, typer.Option(help="The document it was compared with, with page.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When; today if left out.")] = None,
) -> None:
    """Note that somebody compared a recalled key with the published form; only then does it score."""
    from coachresearch.apps.published import confirm_published

    for line in confirm_published(study, instrument, by=by, on=on.date() if on else date.today(), against=against):
        typer.echo(line)


@instruments_app.command("template")
def wording_template(
    scale: Annotated[str, typer.Argument(help="Id of a published scale.")],
    out: Out = None,
    language: Annotated[str, typer.Option(help="Language of the wording you will paste in.")] = "en",
) -> None:
    """Write a file to paste a wording into: numbered, with key and options, and a place for the terms."""
    from coachresearch.apps.published import write_template

    typer.echo(write_template(scale, out, language=language))


@instruments_app.command("script")
def wording_script(out: Out = None) -> None:
    """Write the R script that turns the free dictionaries of the R package psychTools into a table."""
    from coachresearch.apps.published import write_script

    typer.echo(write_script(out))


@app.command("norms")
def place_in_norms(
    study: StudyFolder,
    norms: Annotated[str, typer.Argument(help="Id of a norm card, or a YAML file.")],
    groups: Annotated[Path | None, typer.Option(help="CSV with person and sex, age or group.")] = None,
    out: Out = None,
    author: Annotated[bool, typer.Option("--author", help="Percentiles by the norm author's own formula.")] = False,
) -> None:
    """Write T, z, percentile and stanine of the scores, with intervals, and say against whom."""
    from coachresearch.apps.norms import write_norm_scores

    for line in write_norm_scores(study, norms, groups, out, author=author):
        typer.echo(line)


@app.command("import")
def import_file(
    study: StudyFolder,
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or SPSS .sav file of answers or of ready-made scores, or a "
                                              "JSON file that a form in one file handed back.")],
    mapping: Annotated[Path | None, typer.Option(help="YAML file that says which column is what.")] = None,
    instrument: Annotated[str, typer.Option(help="Without a mapping: print a proposed one for this instrument.")] = "",
    again: Annotated[bool, typer.Option(help="Import a file anew, with a corrected mapping: the new answers then count "
                                             "instead of the earlier ones.")] = False,
) -> None:
    """Import answers that others collected, or that were exported here; all of the file or nothing."""
    from coachresearch.apps.forms import import_returned
    from coachresearch.apps.imports import import_exported, import_into, is_exported, proposed
    from coachresearch.survey.static_form import is_returned

    if mapping is None and is_returned(file):
        typer.echo(import_returned(study, file))
    elif mapping is None and is_exported(file):
        typer.echo(import_exported(study, file))
    elif mapping is None:
        typer.echo(proposed(study, file, instrument=instrument))
    else:
        typer.echo(import_into(study, file, mapping, again=again))


@app.command()
def export(
    study: StudyFolder,
    format: Annotated[str, typer.Option(help="csv, parquet, xlsx, sav (SPSS) or dta (Stata).")] = "csv",
    out: Out = None,
    wide: Annotated[bool, typer.Option("--wide", help="A row a rater instead of a row an answer.")] = False,
    attributes: Annotated[str, typer.Option(help="Beside the answers: level, team, arm, with commas between.")] = "",
    times: Annotated[str, typer.Option(help="When something was answered: day, none or full.")] = "day",
    language: Annotated[bool, typer.Option(help="Say the language of each answer.")] = True,
    texts: Annotated[bool, typer.Option(help="Hand on answers in people's own words.")] = True,
    names: Annotated[bool, typer.Option("--names", help="Names beside answers, in identified studies.")] = False,
    guard: Annotated[bool, typer.Option(help="CSV: an apostrophe before what a spreadsheet would run.")] = True,
) -> None:
    """Hand answers on, with a codebook; refused where people could be told apart."""
    from coachresearch.apps.export import export_study

    typer.echo(export_study(study, format=format, out=out, wide=wide, attributes=attributes, times=times,
                            language=language, texts=texts, names=names, guard_formulas=guard))


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
def serve(
    study: StudyFolder,
    wave: Annotated[str, typer.Option(help="Wave to ask; needed unless there is one, or one is open today.")] = "",
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8360,
    base: Annotated[str, typer.Option(help="Address that respondents open, such as https://survey.example.org.")] = "",
    database: Annotated[str, typer.Option(help="Where the answers lie, if not in the study folder: a file or "
                                               "postgresql+psycopg://host/name.")] = "",
    language: Annotated[str, typer.Option(help="Language to begin with; the study's if not said.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Say what is unsafe about this setting, and stop.")] = False,
) -> None:
    """Ask people over the web: print a link for each who has none, write a sheet of QR codes, and serve the form."""
    from coachresearch.apps.serve import Setting, run, unsafe

    setting = Setting(study, wave, host, port, base, database, language)
    if check:
        for line in unsafe(setting):
            typer.echo(line)
    else:
        run(setting, say=typer.echo)


@app.command()
def forms(
    study: StudyFolder,
    wave: Annotated[str, typer.Option(help="Wave to ask; needed unless there is one, or one is open today.")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write into.")] = None,
    language: Annotated[str, typer.Option(help="Language of the wording; the study's if not said.")] = "",
    paper: Annotated[bool, typer.Option("--paper", help="For the printer.")] = False,
) -> None:
    """Write a form for each person where no server is allowed: one HTML file that hands back a file, or paper."""
    from coachresearch.apps.forms import write_forms

    for line in write_forms(study, out, wave=wave, language=language, paper=paper):
        typer.echo(line)


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

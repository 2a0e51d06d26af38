"""A real JupyterLab, a real Voilà and a real Chromium, each with folders of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import nbformat
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from coachresearch.core.places import shipped
from coachresearch.instruments.reader import read_instrument
from coachresearch.store.store import open_store

START_WITHIN = 60.0  # s; a cold first start on a busy machine takes 10 to 20
SEEN_WITHIN = 15.0  # s; an answer is saved and shown in 0.1 on a quiet machine
DRAWN_WITHIN = 30.0  # s; 3 to 5 with imports on a busy machine
TOKEN = "asking"
WIDE = {"width": 1280, "height": 900}
ASK = """from coachresearch.apps.administer import administer_instrument
from coachresearch.core.places import shipped
from coachresearch.instruments.reader import read_instrument
mq5 = read_instrument(shipped("instruments") / "manager_quality" / "mq5.yaml")
administer_instrument(mq5, "{database}", person="P001", target="P900", role="report")"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its address, and the folder whose files it serves."""

    address: str
    folder: Path

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells and return its name."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for number, cell in enumerate(book.cells):
            cell["id"] = f"cell-{number}"
        (self.folder / f"{name}.ipynb").write_text(nbformat.writes(book), encoding="utf-8")
        return f"{name}.ipynb"


@pytest.fixture(scope="session")
def browser(chromium):
    expect.set_options(timeout=SEEN_WITHIN * 1000)
    return chromium


@pytest.fixture(scope="session")
def window(browser):
    """One browser profile for all tests, so that JupyterLab's own files are fetched once."""
    context = browser.new_context(viewport=WIDE, locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def tab(window):
    page = window.new_page()
    page.set_viewport_size(WIDE)
    yield page
    page.close()


@pytest.fixture(scope="session")
def lab() -> Iterator[Server]:
    arguments = ("-m", "jupyterlab", "--allow-root", "--no-browser", "--expose-app-in-browser",
                 f"--IdentityProvider.token={TOKEN}", "--KernelManager.transport=ipc")
    yield from _served(arguments, ready="/api/status", root="--ServerApp.root_dir={folder}",
                       port="--ServerApp.port={port}")


@pytest.fixture(scope="session")
def voila() -> Iterator[Server]:
    arguments = ("-m", "voila", "--no-browser", "--KernelManager.transport=ipc")
    yield from _served(arguments, ready="/voila/static/", root="{folder}", port="--port={port}")


def _served(arguments: tuple[str, ...], *, ready: str, root: str, port: str) -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="cr-"))  # short: the sockets of the kernels lie below it
    folder = home / "files"
    free = _free_port()
    for name in ("files", "config/labconfig", "data", "runtime", "settings", "workspaces", "ipython"):
        (home / name).mkdir(parents=True)
    news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (home / "config/labconfig/page_config.json").write_text(json.dumps(news), encoding="utf-8")
    command = [sys.executable, *arguments, root.format(folder=folder), port.format(port=free)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=_environment(home), stdout=log, stderr=log, cwd=folder,
                                   start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{free}{ready}", process, home / "log")
        yield Server(f"http://127.0.0.1:{free}", folder)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path) -> dict[str, str]:
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
               "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
               "IPYTHONDIR": "ipython"}
    return {**os.environ, **{name: str(home / folder) for name, folder in folders.items()}}


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"No answer from {address}:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook opened in JupyterLab, each time in a workspace of its own."""

    tab: Page
    server: Server
    name: str

    def open(self) -> Notebook:
        """Open it and wait until its kernel answers."""
        self.tab.goto(f"{self.server.address}/lab/workspaces/{uuid4().hex}/tree/{self.name}?token={TOKEN}")
        self.tab.wait_for_function(KERNEL_ANSWERS, timeout=START_WITHIN * 1000)
        self.tab.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached")
        return self

    def run(self) -> Notebook:
        """Run all cells and wait for the form, and for the end of the run, after which JupyterLab moves the focus."""
        self.tab.evaluate(RUN_ALL)
        try:
            self.form.locator("fieldset").first.wait_for(timeout=DRAWN_WITHIN * 1000)
            self.tab.wait_for_function("() => window.ranAll", timeout=DRAWN_WITHIN * 1000)
        except TimeoutError:
            shown = self.tab.locator(".jp-OutputArea-output, dialog").all_inner_texts()
            pytest.fail(f"No form; the page shows: {shown}")
        return self

    @property
    def form(self) -> Locator:
        return self.tab.locator(".coachresearch-form")

    def cells(self) -> list[str]:
        """The source of every cell, also of those out of view."""
        return self.tab.evaluate("() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
                                 ".map(cell => cell.source)")


RUN_ALL = """() => {
  window.ranAll = false;
  jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ranAll = true });
}"""
KERNEL_ANSWERS = """() => {
  const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  const kernel = context?.session?.kernel;
  return Boolean(context?.isReady && kernel && kernel.status === 'idle' && kernel.connectionStatus === 'connected');
}"""


@pytest.fixture
def mq5():
    return read_instrument(shipped("instruments") / "manager_quality" / "mq5.yaml")


@pytest.fixture
def notebook(tab, lab, request) -> Iterator[Notebook]:
    """The form of `mq5` in a notebook, answered by P001 about P900; beside it the file that keeps the answers."""
    name = request.node.name.removeprefix("test_")
    file = lab.notebook(name, ASK.format(database=f"{name}.db"), "1 + 1")
    yield Notebook(tab, lab, file).open().run()
    tab.evaluate("async () => { await jupyterapp.serviceManager.sessions.shutdownAll() }")


@pytest.fixture
def stored(notebook):
    """Read back what is on disk: item to (value, kind of missing answer)."""
    path = notebook.server.folder / notebook.name.replace(".ipynb", ".db")
    return lambda: read_back(path)


@pytest.fixture
def answers_in():
    return read_back


@pytest.fixture
def ask() -> str:
    """The cell that shows the form; `database` is to be filled in."""
    return ASK


def read_back(path: Path) -> dict[str, tuple[int | None, str | None]]:
    """Read the file from this process, through the store's own door."""
    with open_store(path, read_only=True) as store:
        frame = store.responses().astype(object)
    frame = frame.where(frame.notna(), None)
    return {row["item"]: (row["value"], row["missing"]) for row in frame.to_dict("records")}

"""Ask the people of a study over the web: links, a sheet of QR codes, the server, and what is unsafe about it."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from coachresearch.apps.administer import wave_of
from coachresearch.apps.data import BACKUPS
from coachresearch.apps.folder import DATABASE, StudyFolder, open_folder
from coachresearch.core.contracts import RaterRole
from coachresearch.core.errors import DesignError, StoreError
from coachresearch.fieldwork.asking import ConsentText
from coachresearch.store.links import Invitation, Invited, all_links, issue_all
from coachresearch.store.promise import kept_until, promised
from coachresearch.store.store import Store, open_store
from coachresearch.studies.study import Wave

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CONSENT = re.compile(r"consent\.([a-z]{2,3}(?:-[A-Za-z]{2,4})?)\.txt")


@dataclass(frozen=True, slots=True)
class Setting:
    """How a study is served.

    Parameters
    ----------
    study : Path
        The folder.
    wave : str
        Empty: the only one, or the one that is open today.
    host, port : str, int
        Where the server listens.
    base : str
        Address that respondents open; empty: that of the server itself.
    database : str
        Empty: the file in the study folder.
    language : str
        Empty: the study's.
    """

    study: Path
    wave: str = ""
    host: str = "127.0.0.1"
    port: int = 8360
    base: str = ""
    database: str = ""
    language: str = ""

    @property
    def address(self) -> str:
        """What stands before ``/l/TOKEN`` in a link.

        Raises
        ------
        DesignError
            If the base is not an address of a site.
        """
        if not self.base:
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"http://{'localhost' if self.host in ('0.0.0.0', '::') else host}:{self.port}"
        parts = urlsplit(self.base)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
            raise DesignError(f"{self.base!r} is not the address of a site",
                              remedy="Write scheme and name alone, such as https://survey.example.org.")
        return f"{parts.scheme}://{parts.netloc}"


def run(setting: Setting, *, say: Callable[[str], object]) -> None:
    """Issue the links that are missing, write their sheet, and serve until stopped.

    Raises
    ------
    DesignError
        If nobody is asked, the address is not one, or another program listens there.
    StoreError
        If the answers cannot be kept.
    """
    import uvicorn

    from coachresearch.fieldwork.server import collection_app

    folder = open_folder(setting.study)
    address, consent = setting.address, consent_text(folder.path)
    with _listening(setting) as door, open_store(_database(setting, folder), study=folder.study.id) as store:
        for line in invite(setting, folder, store, address):
            say(line)
        for line in unsafe(setting):
            say(line)
        app = collection_app(store, folder.instruments, title=folder.study.title, consent=consent)
        say(f"Listening at {address}; stop with Ctrl+C.")
        config = uvicorn.Config(app, access_log=False, log_level="warning", server_header=False,
                                timeout_keep_alive=15, limit_concurrency=1_000)
        uvicorn.Server(config).run(sockets=[door])


def invite(setting: Setting, folder: StudyFolder, store: Store, address: str) -> Iterator[str]:
    """Make a link for everybody who is asked in the wave and has none, and write the sheet of QR codes.

    Returns
    -------
    iterator of str
        A line a link: pseudonyms and role, then the address. They are shown here and in the sheet, and kept nowhere
        else.

    Raises
    ------
    DesignError
        If the wave asks nobody who stands in the tables.
    """
    wave = wave_of(folder.study, setting.wave or None)
    wanted = asked_in(folder, wave, setting.language or folder.study.language)
    if not wanted:
        raise DesignError(f"Wave {wave.id!r} asks nobody who stands in people.csv or relations.csv",
                          where=str(folder.path), remedy="Add the people, and who answers about whom.")
    there = {(link.person, link.target, link.role, link.instrument) for link in all_links(store, wave=wave.id)}
    missing = [one for one in wanted if (one.person, one.target, one.role, one.instrument) not in there]
    if len(missing) < len(wanted):
        yield (f"{len(wanted) - len(missing)} of {len(wanted)} links were made before and stay good; "
               "they stand in the sheets written then.")
    if not missing:
        return
    made, sheet = _issued(folder, store, wave, missing, address)
    for one in made:
        link = one.link
        about = "" if link.role == "self" else f" about {link.target}"
        yield f"{link.person} ({link.role}{about}, {link.instrument})  {address}/l/{one.token}"
    yield f"Sheet of links and QR codes: {sheet}"
    yield "Whoever holds it can answer for everybody on it: print it and remove it."


def asked_in(folder: StudyFolder, wave: Wave, language: str) -> tuple[Invited, ...]:
    """Return everybody who is asked something in a wave, from ``people.csv`` and ``relations.csv``."""
    closes = wave.closes
    expires = datetime.combine(closes + timedelta(days=1), time()).astimezone() if closes else None
    relations = folder.people.relations
    pairs: list[tuple[str, str, RaterRole]] = [
        (person, person, "self") for person in folder.people.people["person"].dropna().tolist()]
    here = relations[relations["wave"].isna() | (relations["wave"] == wave.id)]
    pairs += list(here[["rater", "target", "role"]].itertuples(index=False, name=None))
    return tuple(
        Invited(wave.id, person, target, role, asked.instrument, asked.form, language=language, expires=expires)
        for asked in wave.asked for person, target, role in dict.fromkeys(pairs) if role in asked.roles)


def consent_text(folder: Path) -> ConsentText:
    """Read ``consent.LANGUAGE.txt`` from a study folder: first ``version: ...``, then the text, a paragraph a line.

    Raises
    ------
    DesignError
        If a file has no version, no text, or another version than the file beside it.
    """
    versions: dict[str, str] = {}
    texts: list[tuple[str, str]] = []
    for path in sorted(folder.glob("consent.*.txt")):
        named = _CONSENT.fullmatch(path.name)
        head, _, text = path.read_text(encoding="utf-8-sig").partition("\n")
        word, _, version = head.partition(":")
        if not named or word.strip().lower() != "version" or not version.strip() or not text.strip():
            raise DesignError(f"{path.name!r} is not a consent text", where=str(path),
                              remedy="Name it consent.en.txt; first line 'version: 1', then the text.")
        versions[path.name] = version.strip()
        texts.append((named.group(1), text.strip()))
    if len(set(versions.values())) > 1:
        raise DesignError("The consent texts have different versions: "
                          + ", ".join(f"{name} {version}" for name, version in versions.items()), where=str(folder),
                          remedy="Bring every language to the same version.")
    return ConsentText(next(iter(versions.values())), tuple(texts)) if versions else ConsentText()


def unsafe(setting: Setting) -> tuple[str, ...]:
    """Say what is unsafe, or not decided, about a setting; one line each. Nothing is changed or made.

    Raises
    ------
    DesignError, StoreError
        If the study or its answers cannot be read.
    """
    folder = open_folder(setting.study)
    found = [*_about_the_address(setting), *_about_the_folder(folder)]
    database = _database(setting, folder)
    if isinstance(database, Path) and not database.exists():
        found.append("No answers are kept yet: what respondents are promised and until when answers are kept can still "
                     "be decided (coachresearch data promise, data retain).")
    else:
        with open_store(database, create=False, read_only=True, study=folder.study.id) as store:
            if kept_until(store) is None:
                found.append(f"Respondents are promised '{promised(store)}', and no day is decided until which answers "
                             "are kept.")
    if not (folder.path / BACKUPS).is_dir():
        found.append("No backup was made in the study folder: coachresearch data backup STUDY.")
    return tuple(found) or ("Nothing unsafe was found in what can be seen from here.",)


def _about_the_address(setting: Setting) -> Iterator[str]:
    encrypted = setting.address.startswith("https://")
    if not encrypted and setting.host not in _LOOPBACK:
        yield (f"Answers and links travel unencrypted: the server listens at {setting.host} without HTTPS. Put a "
               "reverse proxy with HTTPS before it, and say --base https://NAME.")
    if setting.host in _LOOPBACK and not setting.base:
        yield "Only this computer can open the links: phones need a host that they can reach, and HTTPS."
    if encrypted and setting.host not in _LOOPBACK:
        yield (f"The server listens at {setting.host} beside the proxy: whoever reaches port {setting.port} goes past "
               "HTTPS. Listen at 127.0.0.1, or close the port.")


def _about_the_folder(folder: StudyFolder) -> Iterator[str]:
    if os.name == "posix":
        for name in (DATABASE, *(path.name for path in folder.path.glob("links-*.html"))):
            path = folder.path / name
            if path.exists() and path.stat().st_mode & 0o077:
                yield f"{name} can be read by other users of this computer: chmod 600 {name}."
    sheets = sorted(path.name for path in folder.path.glob("links-*.html"))
    if sheets:
        yield f"Sheets of links lie in the folder ({', '.join(sheets)}): print them and remove them."
    people = folder.people
    names = [*people.people["person"].dropna(), *people.relations["rater"].dropna()]
    if any("@" in name or " " in name.strip() for name in names):
        yield "The tables name people by what looks like a name or an address: use pseudonyms."
    if consent_text(folder.path) == ConsentText():
        yield ("There is no consent text of your own (consent.en.txt): the usual sentence does not say who is "
               "responsible or whom to ask.")


def _issued(
    folder: StudyFolder, store: Store, wave: Wave, wanted: list[Invited], address: str
) -> tuple[tuple[Invitation, ...], Path]:
    """Issue links and write their sheet; the file is begun first, so that no token is made that cannot be shown."""
    handle, name = tempfile.mkstemp(prefix=".links-", suffix=".html", dir=folder.path)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            made = issue_all(store, folder.study.id, wanted)
            file.write(_sheet(folder.study.title, made, address))
        place = _free(folder.path, wave.id)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return made, place


def _sheet(title: str, made: tuple[Invitation, ...], address: str) -> str:
    import segno
    from jinja2 import Environment, PackageLoader

    cards = [(one.link, f"{address}/l/{one.token}") for one in made]
    drawn = [(link, url, segno.make(url, error="m", micro=False).svg_inline(scale=3, border=4)) for link, url in cards]
    page = Environment(loader=PackageLoader("coachresearch.apps"), autoescape=True).get_template("links.html")
    return page.render(title=title, cards=drawn)


def _free(folder: Path, wave: str) -> Path:
    stem = "links-" + re.sub(r"[^A-Za-z0-9_-]", "_", wave)
    number = 1
    while (place := folder / (f"{stem}.html" if number == 1 else f"{stem}-{number}.html")).exists():
        number += 1
    return place


@contextmanager
def _listening(setting: Setting) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in setting.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        if os.name == "posix":
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((setting.host, setting.port))
            door.listen(2048)
        except OSError as problem:
            raise DesignError(f"The server cannot listen at {setting.host}:{setting.port}: {problem.strerror}",
                              remedy="Stop the other program, or choose another --host or --port.") from None
        yield door


def _database(setting: Setting, folder: StudyFolder) -> str | Path:
    if setting.database and "://" not in setting.database and not Path(setting.database).parent.is_dir():
        raise StoreError(f"There is no folder for the file {setting.database!r}", remedy="Make it, or name another.")
    if not setting.database:
        return folder.database
    return setting.database if "://" in setting.database else Path(setting.database)

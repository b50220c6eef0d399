"""An office file as what it is: a zip of XML parts. What could harm whoever opens it, or the server, is refused before it is used."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from defusedxml import ElementTree as Guarded
from defusedxml.common import DefusedXmlException
from flask_babel import gettext as _
from lxml import etree

from app.kernel.errors import Invalid

MOST_PARTS, MOST_UNPACKED, MOST_RATIO, SMALL = 1_000, 40 * 1024 * 1024, 100, 4 * 1024 * 1024
TYPES = "[Content_Types].xml"
OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = "docx", "xlsx"
MAIN = {DOCX: ("word/document.xml", OFFICE + "wordprocessingml.document.main+xml"),
        XLSX: ("xl/workbook.xml", OFFICE + "spreadsheetml.sheet.main+xml")}
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
EMBEDDED = re.compile(r"oleObject|/package$|activeX|/control$|afChunk|vbaProject|attachedToolbars", re.IGNORECASE)
OUTSIDE = re.compile(r"^(externalLinks?|connections|queryTables?|customUI|webextensions)\b"
                     r"|/(externalLinks|embeddings|activeX|queryTables)/")
FETCHING = re.compile(r"^\s*(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|IMPORT|DATABASE|LINK|EMBED|MACROBUTTON)\b", re.IGNORECASE)
CALLING = re.compile(r"\b(WEBSERVICE|DDE|CALL|REGISTER\.ID|EXEC|FILTERXML)\s*\(|^\s*[\w.]+\s*\|", re.IGNORECASE)
HARMLESS = ("http://", "https://", "mailto:", "tel:", "#")
PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False, "remove_comments": True, "remove_pis": True}


@dataclass
class Package:
    """The parts of an office file by name, in their order; `changed` are those written anew, `dropped` those left out."""

    kind: str
    parts: dict[str, bytes]
    changed: dict[str, bytes] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def tree(self, name: str) -> Any:
        """A part as it stands now, parsed."""
        return parse(self.changed.get(name, self.parts.get(name, b"")), name)

    def put(self, name: str, tree: Any) -> None:
        """Take a tree in the place of a part."""
        self.changed[name] = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)

    def names(self, pattern: str) -> list[str]:
        """The parts with names like this, in the order of their numbers."""
        found = [name for name in self.parts if re.fullmatch(pattern, name)]
        return sorted(found, key=lambda name: [int(n) if n.isdigit() else 0 for n in re.split(r"(\d+)", name)])

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """What a part refers to within the file, by id: its kind and the part."""
        folder, _slash, leaf = name.rpartition("/")
        path = f"{folder}/_rels/{leaf}.rels" if folder else f"_rels/{leaf}.rels"
        if path not in self.parts:
            return {}
        return {each.get("Id"): (each.get("Type", "").rpartition("/")[2], _resolved(folder, each.get("Target", "")))
                for each in self.tree(path) if each.get("TargetMode") != "External"}

    def write(self, stream: BinaryIO) -> None:
        """Write the file."""
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, content in {**self.parts, **self.changed}.items():
                if name not in self.dropped:
                    archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _resolved(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    kept: list[str] = folder.split("/") if folder else []
    for step in target.split("/"):
        if step == "..":
            kept = kept[:-1]
        elif step not in ("", "."):
            kept.append(step)
    return "/".join(kept)


def refused(said: str) -> Invalid:
    """A file that is not taken, with the reason."""
    return Invalid({"file": [said]})


def parse(content: bytes, name: str) -> Any:
    """A part as a tree: nothing is fetched and no entity is put in. Raises `Invalid`."""
    try:
        root = etree.fromstring(content, etree.XMLParser(**PARSER))
    except etree.XMLSyntaxError as error:
        raise refused(_("The part “%(part)s” of the file cannot be read.", part=name[:100])) from error
    if root.getroottree().docinfo.doctype:
        raise refused(_("The part “%(part)s” declares entities of its own: such files are not taken.", part=name[:100]))
    return root


def opened(stream: BinaryIO, kind: str) -> Package:
    """The file's parts, all looked through. Raises `Invalid` with the reason why it is not taken."""
    try:
        with zipfile.ZipFile(stream) as archive:
            _measure(archive)
            parts = {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise refused(_("The file is damaged or protected by a password.")) from error
    package = Package(kind, parts)
    _check_types(package)
    for name, content in parts.items():
        if name.endswith((".xml", ".rels", ".vml")) or content[:5] in (b"<?xml", b"\xef\xbb\xbf<?"):
            _check_entities(name, content)
        if name.endswith(".rels"):
            _check_relations(name, content)
    _check_words(package)
    return package


def kept(content: bytes, kind: str) -> Package:
    """A file that was looked through when it was taken, so that it is only read. Raises `Invalid` for a damaged one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _measure(archive)
        return Package(kind, {each.filename: archive.read(each) for each in archive.infolist() if not each.is_dir()})


def _measure(archive: zipfile.ZipFile) -> None:
    """By sizes and names alone, before anything is unpacked."""
    members = archive.infolist()
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members) or 1
    if len(members) > MOST_PARTS:
        raise refused(_("The file has %(count)d parts: it is refused unread.", count=len(members)))
    if unpacked > MOST_UNPACKED or (unpacked > SMALL and unpacked / packed > MOST_RATIO):
        raise refused(_("The file unpacks to %(size)d MB, %(ratio)d times its size: it is refused unread.",
                        size=unpacked // 1024 // 1024, ratio=unpacked // packed))
    names = [m.filename for m in members]
    if len({name.casefold() for name in names}) < len(names) or any(n.startswith("/") or ".." in n.split("/") or "\\" in n for n in names):
        raise refused(_("The file has parts of the same name, or with names that lead outside of it."))


def _check_types(package: Package) -> None:
    main, wanted = MAIN[package.kind]
    types = parse(package.parts.get(TYPES, b"<none/>"), TYPES)
    said = {each.get("PartName", each.get("Extension", "")): each.get("ContentType", "") for each in types}
    for name, content in said.items():
        if "macroenabled" in content.casefold() or "vbaproject" in content.casefold() or name.casefold().endswith("vbaproject.bin"):
            raise refused(_("The file holds macros: save it without them, as %(kind)s.", kind=package.kind.upper()))
        if "oleobject" in content.casefold() or "activex" in content.casefold():
            raise refused(_("The file holds an embedded object (“%(part)s”): take it out.", part=name[:100]))
    if main not in package.parts or said.get("/" + main) != wanted:
        raise refused(_("This is no %(kind)s file, though its name ends so.", kind=package.kind.upper()))
    for name in package.parts:
        if name.casefold().endswith("vbaproject.bin"):
            raise refused(_("The file holds macros: save it without them, as %(kind)s.", kind=package.kind.upper()))
        if OUTSIDE.search(name.partition("/")[2]) or OUTSIDE.search("/" + name):
            raise refused(_("The file holds an embedded object (“%(part)s”): take it out.", part=name[:100]))


def _check_entities(name: str, content: bytes) -> None:
    try:
        Guarded.fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise refused(_("The part “%(part)s” declares entities of its own: such files are not taken.", part=name[:100])) from error
    except (SyntaxError, ValueError, LookupError) as error:
        raise refused(_("The part “%(part)s” of the file cannot be read.", part=name[:100])) from error


def _check_relations(name: str, content: bytes) -> None:
    for each in parse(content, name):
        kind, target = each.get("Type", ""), each.get("Target", "")
        if EMBEDDED.search(kind):
            raise refused(_("The file holds an embedded object (“%(part)s”): take it out.", part=target[:100]))
        if each.get("TargetMode", "").casefold() == "external" and not (
                kind.endswith("/hyperlink") and target.casefold().startswith(HARMLESS)):
            raise refused(_("The file fetches something from outside (“%(place)s”): put it into the file itself.", place=target[:100]))


def _check_words(package: Package) -> None:
    """Fields of Word and formulas of Excel that fetch or start something."""
    for name, words, harmful in _active(package):
        if harmful.search(words):
            raise refused(_("“%(words)s” in the part “%(part)s” fetches or starts something: take it out.",
                            words=" ".join(words.split())[:60], part=name[:100]))


def _active(package: Package) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    for name in package.names(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"):
        tree = package.tree(name)
        yield from ((name, words, FETCHING) for paragraph in tree.iter("{*}p")
                    if (words := "".join(each.text or "" for each in paragraph.iter("{*}instrText"))))
        yield from ((name, each.get(key), FETCHING) for each in tree.iter("{*}fldSimple") for key in each.attrib if key.endswith("instr"))
    for name in package.names(r"xl/(workbook|worksheets/[^/]+)\.xml"):
        yield from ((name, each.text or "", CALLING) for each in package.tree(name).iter("{*}f", "{*}definedName"))


def stamp(package: Package, words: str) -> None:
    """Write into the file's own properties from what it was made."""
    name = "docProps/core.xml"
    if name not in package.parts:
        return
    tree, dublin = package.tree(name), "http://purl.org/dc/elements/1.1/"
    found = tree.find(f"{{{dublin}}}description")
    said = found if found is not None else etree.SubElement(tree, f"{{{dublin}}}description")
    said.text = words
    package.put(name, tree)


Values = Mapping[str, Any]

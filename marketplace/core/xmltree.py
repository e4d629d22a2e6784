"""XML of strangers, read into a small tree: no document types, so no entities; nothing fetched; size and depth bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

MOST_BYTES = 8_000_000
MOST_ELEMENTS = 50_000
DEEPEST = 50
# A start tag or name longer than this is an attack: the parser would read it again and again while it grows.
LONGEST_TOKEN = 256 * 1024
_SLICE = 64 * 1024
# What expat reads by itself, and one that Windows programs write. An unknown name must not become an import of a codec.
ENCODINGS = frozenset({"utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1", "windows-1252"})
_BETWEEN = "\x1f"  # stands in no XML, so a namespace cannot hold it


class XmlUnreadable(ValueError):
    """The bytes are no XML that is read here; the message is a sentence about "the file"."""


@dataclass
class Element:
    """An element: `name` is its namespace and name as "{namespace}name"; `text` is its own, without its children's."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def every(self, *path: str) -> list[Element]:
        """The elements at the end of a path of names, in the order of the file."""
        found = [self]
        for name in path:
            found = [child for each in found for child in each.children if child.name == name]
        return found


def read_xml(content: bytes, unread: frozenset[str] = frozenset()) -> Element:
    """The root of the document. Raises XmlUnreadable.

    `unread` are full names of elements whose text is not kept, such as files within the file.
    """
    if len(content) > MOST_BYTES:
        raise XmlUnreadable(f"The file is too large: {MOST_BYTES // 1_000_000} MB is the most for an electronic invoice")
    return _Builder(unread).build(content)


class _Builder:
    """Builds the tree from what expat tells."""

    def __init__(self, unread: frozenset[str]) -> None:
        self._unread, self._count = unread, 0
        self._root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._said

    def build(self, content: bytes) -> Element:
        try:
            self._feed(content)
        except expat.ExpatError as fault:
            words = expat.ErrorString(fault.code) or "broken"
            raise XmlUnreadable(f"The file is no XML that can be read: {words}, in line {fault.lineno}") from None
        except (LookupError, ValueError) as fault:
            if isinstance(fault, XmlUnreadable):
                raise
            raise XmlUnreadable("The file is in letters that are not read here: save it as UTF-8") from None
        assert self._root is not None  # expat has refused a document without one
        return self._root

    def _feed(self, content: bytes) -> None:
        for start in range(0, len(content), _SLICE):
            self._parser.Parse(content[start : start + _SLICE], False)
            if start + _SLICE - self._parser.CurrentByteIndex > LONGEST_TOKEN:
                raise XmlUnreadable("The file holds a tag that is too long to be an electronic invoice’s")
        self._parser.Parse(b"", True)

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise XmlUnreadable("The file is in letters that are not read here: save it as UTF-8")

    def _doctype(self, *_: object) -> None:
        raise XmlUnreadable("The file declares a document type (DOCTYPE), which an electronic invoice never does")

    def _start(self, name: str, attributes: list[str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise XmlUnreadable(f"The file has more than {MOST_ELEMENTS:,} elements, which is too much to read")
        if len(self._open) >= DEEPEST:
            raise XmlUnreadable(f"The file is nested more than {DEEPEST} deep, which no electronic invoice is")
        pairs = iter(attributes)
        made = Element(_full(name), {_full(key): value for key, value in zip(pairs, pairs, strict=True)})
        if self._open:
            self._open[-1].children.append(made)
        else:
            self._root = made
        self._open.append(made)
        self._texts.append([])

    def _said(self, text: str) -> None:
        if self._open[-1].name not in self._unread:
            self._texts[-1].append(text)

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop()).strip()


def _full(name: str) -> str:
    space, between, local = name.rpartition(_BETWEEN)
    return f"{{{space}}}{local}" if between else local

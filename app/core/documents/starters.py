"""Templates to begin with: a plain Word or Excel file with a logo, the house colour, and every field of a resource in its place."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from flask_babel import gettext as _

from app.core.templating import variables
from app.kernel.manifest import Resource

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml."
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SPACES = (f'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="{OFFICE}" '
          'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
          'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
          'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"')
CORE = ('<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title/></cp:coreProperties>')
COLOUR = "1D4ED8"
WIDE = 9_600  # twentieths of a point between the margins
MOST_COLUMNS = 7


def picture(colour: str = COLOUR, wide: int = 96, high: int = 96) -> bytes:
    """A logo to be replaced by one's own: a square with a ring, as PNG."""
    red, green, blue = (int(colour[n:n + 2], 16) for n in (0, 2, 4))
    rows = []
    for y in range(high):
        row = bytearray(b"\0")
        for x in range(wide):
            far = ((x - wide / 2) ** 2 + (y - high / 2) ** 2) ** 0.5 / wide
            row += bytes((255, 255, 255) if 0.22 < far < 0.34 else (red, green, blue))
        rows.append(bytes(row))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(said)) + kind + said + struct.pack(">I", zlib.crc32(kind + said)) for kind, said in parts)


def paragraph(words: str, style: str = "", *, bold: bool = False, colour: str = "") -> str:
    """A paragraph of Word."""
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    run = f'<w:rPr>{"<w:b/>" if bold else ""}{f"""<w:color w:val="{colour}"/>""" if colour else ""}</w:rPr>' if bold or colour else ""
    return f'<w:p>{look}<w:r>{run}<w:t xml:space="preserve">{escape(words)}</w:t></w:r></w:p>'


def table(rows: Sequence[Sequence[str]], *, head: bool = False, widths: Sequence[int] = (), colour: str = COLOUR) -> str:
    """A table of Word; its first row is repeated on each page when it is a head."""
    columns = len(rows[0])
    wide = list(widths) or [WIDE // columns] * columns
    line = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="C7CCD6"/>'
    borders = "".join(line.format(side) for side in ("top", "bottom", "insideH"))
    said = [(f'<w:tbl><w:tblPr><w:tblW w:w="{sum(wide)}" w:type="dxa"/><w:tblBorders>{borders}</w:tblBorders>'
            '<w:tblCellMar><w:top w:w="60" w:type="dxa"/><w:bottom w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
            f'<w:tblGrid>{"".join(f"""<w:gridCol w:w="{each}"/>""" for each in wide)}</w:tblGrid>')]
    for number, row in enumerate(rows):
        top = head and number == 0
        shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{colour}"/>' if top else ""
        cells = "".join(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr>'
                        f'{paragraph(words, bold=top or (not head and place == 0), colour="FFFFFF" if top else "")}</w:tc>'
                        for place, (words, width) in enumerate(zip(row, wide, strict=True)))
        said.append(f'<w:tr>{"<w:trPr><w:tblHeader/></w:trPr>" if top else ""}{cells}</w:tr>')
    return "".join(said) + "</w:tbl>"


def word_file(body: str, *, logo: bytes = b"", company: str = "{{ company.name }}", foot: str = "{{ record.reference }} · {{ today }}",
              colour: str = COLOUR) -> bytes:
    """A Word file: a head with a logo, a body, a foot, and the styles that it uses."""
    logo = logo or picture(colour)
    drawing = ('<w:r><w:drawing><wp:inline><wp:extent cx="457200" cy="457200"/><wp:docPr id="1" name="Logo" descr="Logo"/><a:graphic>'
               '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
               '<pic:cNvPr id="1" name="logo.png"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rId1"/><a:stretch>'
               '<a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="457200" cy="457200"/></a:xfrm>'
               '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline>'
               '</w:drawing></w:r>')
    page = ('<w:sectPr><w:headerReference w:type="default" r:id="rId2"/><w:footerReference w:type="default" r:id="rId3"/>'
            '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1700" w:right="1134" w:bottom="1134" w:left="1134" w:header="700" '
            'w:footer="500" w:gutter="0"/></w:sectPr>')
    related = _relations((("rId1", "styles", "styles.xml"), ("rId2", "header", "header1.xml"), ("rId3", "footer", "footer1.xml")))
    head = f'<w:p>{drawing}<w:r><w:t xml:space="preserve">   {escape(company)}</w:t></w:r></w:p>'
    parts = {
        "[Content_Types].xml": _types((("/word/document.xml", CONTENT + "document.main+xml"), ("/word/styles.xml", CONTENT + "styles+xml"),
                                       ("/word/header1.xml", CONTENT + "header+xml"), ("/word/footer1.xml", CONTENT + "footer+xml"),
                                       ("/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml"))),
        "_rels/.rels": _relations((("rId1", "officeDocument", "word/document.xml"),), core=True),
        "docProps/core.xml": XML + CORE,
        "word/document.xml": f"{XML}<w:document {SPACES}><w:body>{body}{page}</w:body></w:document>",
        "word/_rels/document.xml.rels": related,
        "word/styles.xml": _styles(colour),
        "word/header1.xml": f"{XML}<w:hdr {SPACES}>{head}</w:hdr>",
        "word/_rels/header1.xml.rels": _relations((("rId1", "image", "media/logo.png"),)),
        "word/footer1.xml": f"{XML}<w:ftr {SPACES}>{paragraph(foot)}</w:ftr>",
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, said in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), said, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("word/media/logo.png", (2026, 1, 1, 0, 0, 0)), logo, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _relations(said: Iterable[tuple[str, str, str]], *, core: bool = False) -> str:
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    made = "".join(f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>' for key, kind, target in said)
    if core:
        made += f'<Relationship Id="core" Type="{package}/metadata/core-properties" Target="docProps/core.xml"/>'
    return f'{XML}<Relationships xmlns="{package}">{made}</Relationships>'


def _types(said: Iterable[tuple[str, str]]) -> str:
    made = "".join(f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in said)
    return (f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>{made}</Types>')


def _styles(colour: str) -> str:
    head = ('<w:style w:type="paragraph" w:styleId="Heading{0}"><w:name w:val="heading {0}"/><w:basedOn w:val="Normal"/><w:pPr>'
            '<w:keepNext/><w:spacing w:before="{1}" w:after="120"/><w:outlineLvl w:val="{2}"/></w:pPr><w:rPr><w:b/><w:color w:val="{3}"/>'
            '<w:sz w:val="{4}"/></w:rPr></w:style>')
    return (f'{XML}<w:styles {SPACES}><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>'
            '<w:sz w:val="21"/></w:rPr></w:rPrDefault></w:docDefaults>'
            '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
            f'{head.format(1, 120, 0, colour, 34)}{head.format(2, 280, 1, colour, 25)}</w:styles>')


def word_starter(resource: Resource, *, many: bool) -> bytes:
    """A Word file with every field of the resource: of one record with its lines, or of a list."""
    fields = _own(resource)
    if many:
        names = _listed(resource)
        rows = [[str(fields[name].label) for name in names], [f"{{{{ item.{name} }}}}" for name in names]]
        rows[1] = [f"{{% for item in items %}}{rows[1][0]}", *rows[1][1:-1], f"{rows[1][-1]}{{% endfor %}}"]
        body = paragraph(str(resource.plural), "Heading1") + paragraph("{{ count }} · {{ now }}") + table(rows, head=True)
        return word_file(body, foot="{{ company.name }} · {{ today }}")
    short = [name for name, field in fields.items() if field.kind != "long_text" and name not in ("reference", resource.title)]
    title = f"{{{{ record.{resource.title if resource.title in fields else 'reference'} }}}}"
    body = [paragraph("{{ record.reference }}"), paragraph(title, "Heading1"),
            table([[str(fields[name].label), f"{{{{ record.{name} }}}}"] for name in short], widths=(3_000, WIDE - 3_000))]
    for name in (name for name, field in fields.items() if field.kind == "long_text"):
        body += [paragraph(f"{{% if record.{name} %}}"), paragraph(str(fields[name].label), "Heading2"),
                 paragraph(f"{{{{ record.{name} }}}}"), paragraph("{% endif %}")]
    for loop, label, names, known in _loops(resource):
        heads = [str(known[name].label) for name in names]
        said = [f"{{{{ item.{name} }}}}" for name in names]
        said = [f"{{% for item in {loop} %}}{said[0]}", *said[1:-1], f"{said[-1]}{{% endfor %}}"] if len(said) > 1 else [
            f"{{%tr for item in {loop} %}}{said[0]}{{%tr endfor %}}"]
        body += [paragraph(f"{{% if {loop} %}}"), paragraph(label, "Heading2"), table([heads, said], head=True), paragraph("{% endif %}")]
    return word_file("".join(body) + paragraph(_("Made for {{ user.name }}, {{ now }}")))


def _own(resource: Resource) -> dict[str, variables.Field]:
    """The fields by their names alone, each once."""
    return {name: field for name, field in variables.known_fields(resource).items() if field.name == name}


def _listed(resource: Resource) -> list[str]:
    fields = variables.known_fields(resource)
    return [name for name in dict.fromkeys(("reference", *resource.columns)) if name in fields][:MOST_COLUMNS]


def _loops(resource: Resource) -> Iterable[tuple[str, str, list[str], dict[str, variables.Field]]]:
    if resource.lines:
        known = variables.line_fields(resource)
        yield "record.lines", str(resource.lines.label), list(known)[:MOST_COLUMNS], known
    for each in resource.related:
        other = variables.other_of(each)
        known = variables.known_fields(other)
        yield f"record.{variables.word_of(each)}", str(each.label or other.plural), [
            name for name in _listed(other) if name != each.field], known


def sheet_starter(resource: Resource, *, many: bool, logo: bytes = b"") -> bytes:
    """An Excel file with every field of the resource: a row for each record of a list, or the facts of one."""
    import xlsxwriter

    fields = _own(resource)
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet(str(resource.plural)[:31].translate(str.maketrans("[]:*?/\\", "       ")))
    title, head, quiet = (book.add_format(said) for said in (
        {"bold": True, "font_size": 16, "font_color": f"#{COLOUR}"},
        {"bold": True, "font_color": "white", "bg_color": f"#{COLOUR}", "border": 1},
        {"font_color": "#6B7280"}))
    cell = {kind: book.add_format({"border": 1, "border_color": "#C7CCD6", "valign": "top", **said}) for kind, said in (
        ("text", {}), ("money", {"num_format": "#,##0.00"}), ("date", {"num_format": "yyyy-mm-dd"}),
        ("datetime", {"num_format": "yyyy-mm-dd hh:mm"}), ("integer", {"num_format": "#,##0"}), ("decimal", {"num_format": "#,##0.###"}))}
    sheet.insert_image(0, 0, "logo.png", {"image_data": io.BytesIO(logo or picture()), "x_scale": 0.5, "y_scale": 0.5})
    sheet.set_row(0, 40)
    sheet.write(0, 1, str(resource.plural if many else resource.label), title)
    sheet.write(1, 1, "{{ company.name }} · {{ user.name }} · {{ now }}", quiet)
    names = [name for name in dict.fromkeys(("reference", *resource.columns, *fields))
             if name in fields and fields[name].kind != "long_text"]
    for place, name in enumerate(names):
        look = cell.get(fields[name].kind, cell["text"])
        if many:
            sheet.write(3, place, str(fields[name].label), head)
            begin, end = "{% for item in items %}" if place == 0 else "", "{% endfor %}" if place == len(names) - 1 else ""
            sheet.write_string(4, place, f"{begin}{{{{ item.{name} }}}}{end}", look)
        else:
            sheet.write(3 + place, 0, str(fields[name].label), head)
            sheet.write_string(3 + place, 1, f"{{{{ record.{name} }}}}", look)
    sheet.set_column(0, 0, 18 if many else 28)
    sheet.set_column(1, len(names) if many else 1, 20 if many else 60)
    if many:
        _totals(sheet, [fields[name].kind for name in names], book.add_format({"bold": True, "top": 2, "num_format": "#,##0.00"}))
        sheet.freeze_panes(4, 0)
    book.set_properties({"title": str(resource.plural)})
    book.close()
    return target.getvalue()


def _totals(sheet: object, kinds: Sequence[str], look: object) -> None:
    from xlsxwriter.utility import xl_col_to_name

    for place, kind in enumerate(kinds):
        if kind == "money":
            column = xl_col_to_name(place)
            sheet.write_formula(5, place, f"=SUM({column}5:{column}5)", look)  # type: ignore[attr-defined]

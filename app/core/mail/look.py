"""The look of mails: what each class of the mail templates means, written onto the elements because mail programs know no style sheet.

Those that do know one, and show the dark, read `DARK`: its classes stay on their elements.
"""

from __future__ import annotations

FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
INK, QUIET, LINE, ACCENT = "#111827", "#5b6472", "#e5e7eb", "#1d4ed8"
BUTTON = f"background:{ACCENT};color:#ffffff"  # what an organisation's own colour takes the place of

CLASSES: dict[str, str] = {
    "page": f"margin:0;padding:0;background:#f4f5f7;color:{INK};{FONT};font-size:15px;line-height:22px",
    "preheader": "display:none;max-height:0;overflow:hidden;color:#f4f5f7",
    "above": f"margin:0;padding:12px 12px 0;text-align:center;font-size:12px;line-height:18px;color:{QUIET}",
    "outer": "width:100%;border-collapse:collapse;background:#f4f5f7",
    "gutter": "padding:24px 12px",
    "sheet": f"width:100%;max-width:600px;margin:0 auto;border-collapse:collapse;background:#ffffff;border:1px solid {LINE}",
    "head": f"padding:18px 28px;border-bottom:1px solid {LINE};font-size:13px;color:{QUIET}",
    "logo": "width:32px;height:32px;vertical-align:middle;margin-right:10px;object-fit:contain",
    "brand": f"font-weight:600;color:{INK};font-size:15px",
    "body": "padding:28px",
    "foot": f"padding:18px 28px;border-top:1px solid {LINE};font-size:12px;line-height:18px;color:{QUIET}",
    "title": f"margin:0 0 12px;font-size:21px;line-height:28px;font-weight:600;color:{INK}",
    "section": f"margin:28px 0 8px;font-size:14px;line-height:20px;font-weight:600;color:{INK}",
    "count": f"font-weight:400;color:{QUIET}",
    "text": "margin:0 0 14px",
    "quiet": f"color:{QUIET}",
    "small": "font-size:13px;line-height:18px",
    "rows": "width:100%;border-collapse:collapse",
    "row": f"padding:10px 0;border-top:1px solid {LINE};vertical-align:top",
    "row_end": f"padding:10px 0 10px 16px;border-top:1px solid {LINE};vertical-align:top;text-align:right;white-space:nowrap",
    "label": f"padding:6px 16px 6px 0;color:{QUIET};vertical-align:top;white-space:nowrap",
    "value": "padding:6px 0;vertical-align:top;font-weight:500",
    "figure": "font-variant-numeric:tabular-nums;font-weight:600",
    "link": f"color:{INK};font-weight:600;text-decoration:none",
    "footlink": f"color:{QUIET};text-decoration:underline",
    "action": "margin:22px 0 6px",
    "button": f"display:inline-block;padding:11px 20px;{BUTTON};font-weight:600;text-decoration:none;"
              "border-radius:6px",
    "tiles": "width:100%;border-collapse:collapse;margin:6px 0 4px",
    "tile": f"width:25%;padding:10px 12px;border:1px solid {LINE};text-align:left;vertical-align:top",
    "tile_figure": "font-size:24px;line-height:30px;font-weight:600;font-variant-numeric:tabular-nums",
    "late": "color:#b42318;font-weight:600",
    "good": "color:#067647;font-weight:600",
    "GREEN": "color:#067647;font-weight:600;font-size:12px",
    "ORANGE": "color:#b54708;font-weight:600;font-size:12px",
    "RED": "color:#b42318;font-weight:600;font-size:12px",
    "mono": "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:11px;line-height:16px;word-break:break-all",
}

DARK_PAGE, DARK_SHEET, DARK_INK, DARK_QUIET, DARK_LINE, DARK_ACCENT = "#0f1217", "#181c23", "#e8eaee", "#a7b0bd", "#2f3640", "#7c9dff"
DARK: dict[str, str] = {
    "page": f"background:{DARK_PAGE};color:{DARK_INK}", "preheader": f"color:{DARK_PAGE}", "above": f"color:{DARK_QUIET}",
    "outer": f"background:{DARK_PAGE}", "sheet": f"background:{DARK_SHEET};border-color:{DARK_LINE}",
    "head": f"color:{DARK_QUIET};border-color:{DARK_LINE}", "brand": f"color:{DARK_INK}", "logo": "background:#ffffff;border-radius:4px",
    "foot": f"color:{DARK_QUIET};border-color:{DARK_LINE}", "title": f"color:{DARK_INK}", "section": f"color:{DARK_INK}",
    "count": f"color:{DARK_QUIET}", "quiet": f"color:{DARK_QUIET}", "label": f"color:{DARK_QUIET}", "link": f"color:{DARK_INK}",
    "footlink": f"color:{DARK_QUIET}", "row": f"border-color:{DARK_LINE}", "row_end": f"border-color:{DARK_LINE}",
    "tile": f"border-color:{DARK_LINE}", "late": "color:#ff8a80", "good": "color:#5bd497", "GREEN": "color:#5bd497",
    "ORANGE": "color:#f5b04c", "RED": "color:#ff8a80"}


def dark_rules(colour: str, ink: str) -> str:
    """The style sheet of mails in the dark; the colour of buttons is the organisation's own, and what is written on it."""
    said = {**DARK, "button": f"background:{colour};color:{ink}"}
    rules = "".join(f".{name}{{{styles.replace(';', '!important;')}!important}}" for name, styles in said.items())
    return f":root{{color-scheme:light dark;supported-color-schemes:light dark}}@media (prefers-color-scheme:dark){{{rules}}}"

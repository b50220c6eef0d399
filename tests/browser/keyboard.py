"""Keyboards: real key presses as a layout sends them, by DevTools, so that `key` and `code` differ as they do at a desk."""

from __future__ import annotations

from playwright.sync_api import Page

NAMED = {"Enter": (13, "\r"), "Tab": (9, ""), "Escape": (27, ""), "ArrowDown": (40, ""), "ArrowUp": (38, ""),
         "ArrowLeft": (37, ""), "ArrowRight": (39, ""), "Backspace": (8, "")}
MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}
Layout = dict[str, tuple[str, bool]]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# character: (place on the keyboard, whether Shift is held)
QWERTY = {letter: (f"Key{letter.upper()}", False) for letter in LETTERS} | {
    **{str(n): (f"Digit{n}", False) for n in range(10)}, "*": ("Digit8", True), "!": ("Digit1", True), "?": ("Slash", True),
    "/": ("Slash", False),
    "-": ("Minus", False), ".": ("Period", False), ",": ("Comma", False), " ": ("Space", False), "[": ("BracketLeft", False),
    "]": ("BracketRight", False)}
MOVED = {"a": "KeyQ", "q": "KeyA", "z": "KeyW", "w": "KeyZ", "m": "Semicolon"}
AZERTY = QWERTY | {letter: (place, False) for letter, place in MOVED.items()} | {str(n): (f"Digit{n}", True) for n in range(10)} | {
    "*": ("Backslash", False), "!": ("Slash", False), "?": ("KeyM", True), "/": ("Period", True), "-": ("Digit6", False),
    ".": ("Comma", True), ",": ("KeyM", False), "&": ("Digit1", False), "é": ("Digit2", False)}


class Keyboard:
    """Presses keys of a layout on a page; touches nothing else."""

    def __init__(self, page: Page, layout: Layout) -> None:
        self._send = page.context.new_cdp_session(page).send
        self._layout = layout

    def press(self, *keys: str) -> None:
        """Each a character, a named key, or one with modifiers: `j`, `Enter`, `Control+Enter`."""
        for key in keys:
            *held, last = key.split("+") if len(key) > 1 else [key]
            self._stroke(last, sum(MODIFIERS[name] for name in held))

    def type(self, text: str) -> None:
        """Write a text, character by character."""
        for character in text:
            self._stroke(character, 0)

    def _stroke(self, key: str, modifiers: int) -> None:
        if key in NAMED:
            number, text = NAMED[key]
            code = key
        else:
            code, shifted = self._layout[key.lower()]
            upper = key.isalpha() and key.isupper()
            modifiers |= MODIFIERS["Shift"] if shifted or upper else 0
            number, text = ord(key.upper()) if key.isascii() else 0, "" if modifiers & ~MODIFIERS["Shift"] else key
        down = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        self._send("Input.dispatchKeyEvent", {**down, "type": "keyDown" if text else "rawKeyDown", **({"text": text} if text else {})})
        self._send("Input.dispatchKeyEvent", {**down, "type": "keyUp"})

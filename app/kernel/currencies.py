"""Currencies by ISO 4217: how many decimals each has, and an amount with all of them in a reader's language."""

from __future__ import annotations

from copy import copy
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import NumberPattern, get_currency_precision

# Where CLDR, which Babel follows, says how people round on paper, and ISO 4217 says what an account holds.
OTHERWISE = {"IQD": 3, **dict.fromkeys(("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"), 2)}


def decimals(code: str) -> int:
    """How many decimals an amount in this currency has: 2 for EUR, 0 for JPY, 3 for TND."""
    return OTHERWISE[code] if code in OTHERWISE else get_currency_precision(code)


def shown(amount: Decimal, code: str, locale: Any) -> str:
    """The amount with its currency as a reader of `locale` writes it; nothing is rounded away."""
    spoken = Locale.parse(str(locale))
    words: str = _pattern(code, spoken).apply(amount, spoken, currency=code, currency_digits=False)
    return words


@lru_cache(maxsize=500)
def _pattern(code: str, locale: Locale) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals(code), decimals(code))
    return pattern

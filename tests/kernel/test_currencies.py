"""ISO 4217: decimals of every currency in use, and amounts shown with all of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.kernel import currencies
from app.kernel.kinds import Unreadable, major_units, minor_units

NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE = "BHD IQD JOD KWD LYD OMR TND"
FOUR = "CLF UYW"
TWO = ("AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK "
       "DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP "
       "LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
       "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD YER "
       "ZAR ZMW")


@pytest.mark.parametrize(("codes", "wanted"), [(NONE, 0), (TWO, 2), (THREE, 3), (FOUR, 4)])
def test_each_has_the_decimals_of_iso_4217(codes: str, wanted: int) -> None:
    assert {code: currencies.decimals(code) for code in codes.split()} == dict.fromkeys(codes.split(), wanted)


@pytest.mark.parametrize(("amount", "code", "minor"), [("1234", "JPY", 1234), ("12.345", "TND", 12345), ("12.5", "TND", 12500),
                                                       ("10.50", "RSD", 1050), ("0.001", "IQD", 1), ("-3", "JPY", -3)])
def test_an_amount_goes_to_minor_units_and_back(amount: str, code: str, minor: int) -> None:
    assert minor_units(Decimal(amount), code) == minor
    assert major_units(minor, code) == Decimal(amount)


@pytest.mark.parametrize(("amount", "code"), [("0.5", "JPY"), ("1.2345", "TND"), ("1.001", "EUR")])
def test_what_the_currency_cannot_hold_is_refused(amount: str, code: str) -> None:
    with pytest.raises(Unreadable):
        minor_units(Decimal(amount), code)


@pytest.mark.parametrize(("amount", "code", "locale", "said"), [
    ("10.50", "RSD", "en", "RSD10.50"), ("12.345", "TND", "fr", "12,345\u00a0TND"), ("1234", "JPY", "en", "¥1,234"),
    ("-1234.5", "EUR", "de", "-1.234,50\u00a0€"), ("0.125", "IQD", "en", "IQD0.125")])
def test_nothing_is_rounded_away_when_it_is_shown(amount: str, code: str, locale: str, said: str) -> None:
    assert currencies.shown(Decimal(amount), code, locale) == said

"""Amounts are whole minor units; a line's amount is exact and rounds halves to the even one."""

from decimal import Decimal

import pytest

from app.modules.procurement.models import RequisitionLine


@pytest.mark.parametrize(("quantity", "price", "amount"), [
    ("1", 100, 100), ("3", 333, 999), ("0.5", 101, 50), ("0.5", 103, 52), ("1.5", 1, 2), ("2.5", 1, 2), ("0.001", 499, 0),
    ("0.001", 501, 1),
    ("12345.678", 99999, 1234555454), ("1000000", 999999999, 999999999000000)])
def test_a_line_costs_quantity_times_price(quantity, price, amount):
    line = RequisitionLine(quantity=Decimal(quantity), unit_price=price)
    assert line.amount() == amount


def test_the_amount_is_an_integer():
    assert isinstance(RequisitionLine(quantity=Decimal(2), unit_price=150).amount(), int)

#!/usr/bin/env python3
"""Computes decimals with Python's decimal module, for tests/unit/test_functions_exact.c.

    make_decimals.py > decimals.tsv

A line each: operation, a, b, scale, rounding, result; `-` where the operation has no such argument.
Quotients are computed to 400 digits with ROUND_05UP, which a second rounding cannot spoil.
"""
import decimal
import random

ROUNDINGS = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "ceiling": decimal.ROUND_CEILING,
    "floor": decimal.ROUND_FLOOR,
}
EDGES = ["0", "1", "-1", "0.5", "-0.5", "2.5", "-2.5", "1.005", "0.045", "999999999999.999999999",
         "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.000000001",
         "99999999999999999999999999999999999999", "-0.00000000000000000000000000000000000001",
         "170141183460469231731687303715884105727", "85070591730234615865843651857942052864",
         "12345678901234567890123456789012345678901234567890.123456789"]
exact = decimal.Context(prec=400, rounding=decimal.ROUND_05UP)


def number(rng):
    if rng.random() < 0.25:
        return rng.choice(EDGES)
    whole, fraction = rng.choice([1, 3, 9, 18, 30, 50]), rng.choice([0, 0, 2, 5, 9, 20, 40])
    text = str(rng.randrange(10 ** rng.randint(1, whole)))
    if fraction:
        text += "." + "".join(rng.choice("0123456789") for _ in range(fraction))
    return ("-" if rng.random() < 0.4 else "") + text


def canonical(value):
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def rounded(value, scale, rounding):
    return value.quantize(decimal.Decimal(1).scaleb(-scale), rounding=ROUNDINGS[rounding],
                          context=decimal.Context(prec=400))


def main():
    rng = random.Random(20261125)
    for i in range(900):
        op = ["add", "sub", "mul", "div", "round", "cmp"][i % 6]
        a, b = number(rng), number(rng)
        if rng.random() < 0.1:
            b = a + ("00" if "." in a else ".00")
        scale, rounding = rng.choice([0, 1, 2, 3, 6, 9, 20, 38, -1, -3]), rng.choice(list(ROUNDINGS))
        x, y = decimal.Decimal(a), decimal.Decimal(b)
        if op == "add":
            result = canonical(exact.add(x, y))
        elif op == "sub":
            result = canonical(exact.subtract(x, y))
        elif op == "mul":
            result = canonical(exact.multiply(x, y))
        elif op == "cmp":
            result = str(int(exact.compare(x, y)))
        elif op == "div":
            if y == 0:
                continue
            result = canonical(rounded(exact.divide(x, y), scale, rounding))
        else:
            b, result = "-", canonical(rounded(x, scale, rounding))
        if op not in ("div", "round"):
            scale = rounding = "-"
        print(op, a, b, scale, rounding, result, sep="\t")


main()

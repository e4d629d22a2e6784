"""Shamir's secret sharing, byte by byte, over GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1."""

import secrets

REDUCTION = 0x11B


def split(secret: bytes, count: int, threshold: int) -> list[bytes]:
    """The values at x = 1..count; any threshold of them give the secret, any fewer give nothing."""
    if not 1 <= threshold <= count <= 255:
        raise ValueError("a threshold lies between 1 and the number of shares, at most 255")
    # Every coefficient is uniform, the highest included: excluding zero would rule out some secrets.
    rows = [secret, *(secrets.token_bytes(len(secret)) for _ in range(threshold - 1))]
    return [bytes(_value_at(x, coefficients) for coefficients in zip(*rows, strict=True)) for x in range(1, count + 1)]


def value_at(x: int, points: dict[int, bytes]) -> bytes:
    """The sharing polynomials' bytes at x (the secret at x = 0), through the given points."""
    weights = [(_weight(x, own, points), value) for own, value in points.items()]
    length = len(next(iter(points.values())))
    result = bytearray(length)
    for weight, value in weights:
        for position in range(length):
            result[position] ^= multiply(weight, value[position])
    return bytes(result)


def multiply(a: int, b: int) -> int:
    """Product in GF(2^8); no table, so that no look-up address depends on a secret."""
    product = 0
    for _ in range(8):
        product ^= -(b & 1) & a
        a = (a << 1) ^ (-(a >> 7) & REDUCTION)
        b >>= 1
    return product


def inverse(a: int) -> int:
    """The multiplicative inverse in GF(2^8), a^254; ZeroDivisionError for 0."""
    if a == 0:
        raise ZeroDivisionError("0 has no inverse")
    result, power = 1, a
    for _ in range(7):  # 254 = 2 + 4 + 8 + 16 + 32 + 64 + 128
        power = multiply(power, power)
        result = multiply(result, power)
    return result


def _value_at(x: int, coefficients: tuple[int, ...]) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = multiply(value, x) ^ coefficient
    return value


def _weight(x: int, own: int, points: dict[int, bytes]) -> int:
    """Lagrange's basis polynomial of one point, at x; subtraction is XOR here."""
    weight = 1
    for other in points:
        if other != own:
            weight = multiply(weight, multiply(x ^ other, inverse(own ^ other)))
    return weight

"""Strings that were typed or made to break a search box; every one of them has an answer within a second."""

from __future__ import annotations

import random
import string

_COMMON = "the of and to in a is for on with be as by that this are or will an from"
_MARKS = "*?~^:\\/+-|&!(){}[]<>\"'`%$#@=;,._"


def hostile_strings() -> list[str]:
    """More than three hundred of them, the same every time."""
    return list(dict.fromkeys([*_grammar(), *_floods(), *_unicode(), *_commands(), *_random()]))


def _grammar() -> list[str]:
    words = _COMMON.split()
    found = [" ".join(words), " OR ".join(words), " | ".join(words), "-" + " -".join(words), "NOT " + " NOT ".join(words)]
    found += [f'"{" ".join(words)}"', f'"{" ".join(words[:5])}"', '"the of"', '"of the" OR "to the" OR "in the"']
    found += ['"', '""', '"""', '"a', 'a"', '" "', '"-"', '-"', '-""', '--"a"', "-", "--", "---a", "- a", "a -", "-a OR -b"]
    found += ["OR", "AND", "NOT", "OR OR", "a OR", "OR a", "a OR OR b", "a AND", "NOT NOT a", "a NOT", "NOT OR AND", "or"]
    found += ["a OR b OR c OR d OR e OR f OR g OR h OR i OR j OR k OR l OR m", "a b c d e f g h i j k l m n o p"]
    found += [" ".join(string.ascii_lowercase), " OR ".join(string.ascii_lowercase), " ".join(string.digits)]
    found += [f"{mark}" for mark in _MARKS] + [f"crm{mark}" for mark in _MARKS] + [f"{mark}crm" for mark in _MARKS]
    found += [f"c{mark}rm" for mark in _MARKS] + [f"crm {mark} cms" for mark in _MARKS] + [mark * 30 for mark in _MARKS]
    found += ["C++", "c#", ".NET", "asp.net", "node.js", "AT&T", "R&D", "Q&A", "24/7", "1/2", "and/or", "e-mail", "e-"]
    found += ["£30,000", "30k", "£1.5m", "20%", "100%", "£", "€", "1,", ",1", "1,1,1", "1e999", "-1", "0x1F", "NaN", "1_000"]
    return found


def _floods() -> list[str]:
    pieces = ["(", ")", '"', "NOT ", "a ANDNOT ", "OR ", "-", "*a", ":", "1,", "a'", "a-", "e-", "£1.", ".net", "&", "%00"]
    pieces += ["a\u0301\u0316", "\u0301\u0316", "\ufdfa", "\u202e", "\u200b", "\U0001f4a9", "ﬁ", "½", "\x00", "a/", "a.b"]
    return [piece * times for piece in pieces for times in (40, 3000)] + ["a" * 10_000, " " * 10_000 + "a", "word " * 2000]


def _unicode() -> list[str]:
    found = ["\u202ecrm\u202c", "c\u200brm", "c\u00adrm", "\ufeffcrm", "ｃｒｍ", "𝓬𝓻𝓶", "ᴄʀᴍ", "crm\u0301", "CAFÉ", "café", "cafe\u0301"]
    found += ["Straße", "STRASSE", "İstanbul", "ı", "Ⅷ", "²", "٣٤", "东京", "日本語の検索", "мэрия", "‘quoted’", "“unclosed", "«a»", "–a"]
    found += ["\ud800", "a\udfffb", "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\ufffe", "\uffff", "\U0010ffff"]
    found += ["👩‍👩‍👧‍👦", "🏳️‍🌈", "e\u20e3", "\U000e0041", "ﷺ", "ﹰ", "\u0e33", "ǆ", "ŉ", "ŀ", "ſ", "K", "Å", "Ω", "ẞ", "ß"]
    return found


def _commands() -> list[str]:
    found = ["title:crm", "*:*", "body:[a TO z]", "[a TO z]", "{a TO z}", "crm~2", "crm^9", "crm^" + "9" * 90, "_exists_:x"]
    found += ["'; DROP TABLE needs; --", "' OR '1'='1", "1; SELECT pg_sleep(9)", "a:* & b", "!a", "a <-> b", "a <2> b", "a | b", "'a'"]
    found += ["crm:*", "\\", "\\'", "a\\", "%", "_", "%%", "crm%", "%ED%A0%80", "%u0041", "+crm +cms", "crm && cms", "crm || cms"]
    found += ["<script>alert(1)</script>", "<b>crm</b>", "&lt;b&gt;", "&#60;", "{{7*7}}", "{% raw %}", "${7*7}", "%s%s%n", "../../etc"]
    found += ["file:///etc/passwd", "http://a.example/?q=b&c=d", "(?:a+)+$", "(a|a)*", "NEAR(a b)", "a NEAR/2 b", "MATCH", "NULL", "None"]
    found += ["undefined", "true", "[]", "{}", "q[]=a", "null", "N-2026-0001", "N-2026-", "72000000-5", "SW1A 1AA", "SW1A1AA parking"]
    return found


def _random() -> list[str]:
    draw = random.Random(20260304)
    letters = string.ascii_letters + string.digits + _MARKS + " \t\n" + "£é’“”\u202e\u0301"
    return ["".join(draw.choice(letters) for _ in range(draw.choice((3, 20, 60, 250)))) for _ in range(80)]

"""What kind of body a buyer is, and what a supplier's papers count for, read from their names."""

from __future__ import annotations

import pytest

from search.buyers import KINDS, OTHER, kind_of_buyer, kind_of_council, names_a_council
from search.gathering import spellings
from suppliers.evidence.kinds import IMPLIED, PAPERS, papers_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Hackney Council", "london"), ("The London Borough of Brent", "london"), ("LB Tower Hamlets", "london"),
        ("Westminster City Council", "london"), ("Birmingham City Council", "metropolitan"),
        ("Nottinghamshire County Council", "county"), ("Nottingham City Council", "unitary"),
        ("Doncaster MBC", "metropolitan"), ("Powys County Council", "wales"), ("The City of Edinburgh Council", "scotland"),
        ("Belfast City Council", "northern-ireland"), ("Stratford on Avon District Council", "district"),
        ("Cumbria County Council", "county"), ("Shepton Mallet Town Council", "parish"),
        ("Greater Manchester Combined Authority", "combined"), ("NHS Digital", "nhs"),
        ("Cambridge University Hospitals NHS Foundation Trust", "nhs"), ("Sussex Police and Crime Commissioner", "police-fire"),
        ("University of Bath", "education"), ("Leeds City College", "education"), ("Raven Housing Trust", "housing"),
        ("Home Office Police & Public Protection Technology (PPPT)", "central"), ("Environment Agency", "central"),
        ("Ministry of Housing, Communities and Local Government", "central"), ("The Consumer Council for Northern Ireland", OTHER),
        ("London Councils", OTHER), ("Transport for London", OTHER), ("", OTHER), ("£%*", OTHER),
    ],
)  # fmt: skip
def test_a_buyer_is_known_by_its_name(name: str, kind: str) -> None:
    assert kind_of_buyer(name) == kind in KINDS


def test_every_type_of_the_register_has_a_kind() -> None:
    from marketplace.reference import councils

    kinds = {kind_of_council(each.type) for each in councils()}
    assert OTHER not in kinds
    assert all(kind_of_buyer(each.name) == kind_of_council(each.type) for each in councils())


def test_a_list_of_clients_names_a_council_or_does_not() -> None:
    assert names_a_council("Epson; Maidstone Borough Council; McLaren") and names_a_council("Wiltshire Council")
    assert not names_a_council("Local councils; Arts Council England; Home Office") and not names_a_council("")
    assert not names_a_council("NHS Leeds; Leeds United")


@pytest.mark.parametrize(
    ("kind", "name", "keys"),
    [
        ("certificate", "Cyber Essentials", ("cyber-essentials",)),
        ("certificate", "CYBER-ESSENTIALS plus", ("cyber-essentials-plus", "cyber-essentials")),
        ("certificate", "ISO/IEC 27001:2022", ("iso-27001",)), ("certificate", "BS EN ISO 9001", ("iso-9001",)),
        ("certificate", "Investors in People", ("other-certificate",)), ("certificate", "ISO 270012", ("other-certificate",)),
        ("insurance", "Professional Indemnity", ("professional-indemnity",)),
        ("insurance", "Public & employers' liability", ("employers-liability", "public-liability")),
        ("insurance", "Cyber essentials cover", ("cyber-insurance",)), ("insurance", "Van", ("other-insurance",)),
    ],
)  # fmt: skip
def test_a_paper_counts_for_what_its_holder_calls_it(kind: str, name: str, keys: tuple[str, ...]) -> None:
    assert papers_of(kind, name) == keys
    assert {*keys, *IMPLIED.values()} <= set(PAPERS)


def test_a_firm_is_the_same_with_ltd_and_limited() -> None:
    assert spellings("Acme Ltd.") & spellings("ACME Limited") and not spellings("Acme Ltd") & spellings("Acme Two Ltd")

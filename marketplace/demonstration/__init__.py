"""The demonstration: real open data of the past, invented people, and a purchase in every stage."""

"""The two questions that every engine is asked, answered by one search over either kind of document."""

from abc import ABC, abstractmethod
from datetime import datetime

from search.documents import Kind
from search.engine import PAGE_SIZE, Filters, Results, Sort
from search.queries import Query


class SearchesBothKinds(ABC):
    """Needs and suppliers are searched alike; an engine says only how."""

    @abstractmethod
    def _search(
        self, kind: Kind, query: Query, filters: Filters, sort: Sort, page: int, now: datetime, page_size: int
    ) -> Results:
        """One page of what the query finds among the documents of a kind."""

    def search_needs(
        self,
        query: Query,
        filters: Filters,
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        *,
        now: datetime,
        page_size: int = PAGE_SIZE,
    ) -> Results:
        """Published needs that the query finds; raises SearchUnavailable when an index cannot be read."""
        return self._search(Kind.NEED, query, filters, sort, page, now, page_size)

    def search_suppliers(
        self,
        query: Query,
        filters: Filters,
        sort: Sort = Sort.RELEVANCE,
        page: int = 1,
        *,
        now: datetime,
        page_size: int = PAGE_SIZE,
    ) -> Results:
        """Suppliers that the query finds; raises SearchUnavailable when an index cannot be read."""
        return self._search(Kind.SUPPLIER, query, filters, sort, page, now, page_size)

"""Who reacts to what: one table. Everything here reads the journal after the commit."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.accounts import emails as account_emails
from marketplace.core import jobs
from marketplace.core.journal import JournalLine
from marketplace.core.letters import Writer, write_letters
from search import alerts, indexing, meaning
from search import emails as search_emails
from suppliers.evidence import emails as evidence_emails
from suppliers.profiles import emails as profile_emails
from tenders.assessment import emails as assessment_emails
from tenders.awards import emails as award_emails
from tenders.bids import emails as bid_emails
from tenders.bids import sweeping
from tenders.clarifications import emails as clarification_emails
from tenders.contracts import emails as contract_emails
from tenders.needs import emails as need_emails
from tenders.notices import listening as notices
from tenders.outages import emails as outage_emails
from tenders.payments.gateway import looking as gateway
from tenders.payments.invoices import emails as invoice_emails
from tenders.payments.paying import card_emails
from tenders.payments.paying import card_sync as card_payments
from tenders.payments.paying import emails as paying_emails
from tenders.payments.subscriptions import emails as subscription_emails
from tenders.payments.subscriptions import listening as subscriptions
from tenders.payments.subscriptions import syncing as subscription_money

WRITERS: tuple[dict[str, Writer], ...] = (
    account_emails.EMAILS,
    profile_emails.EMAILS,
    evidence_emails.EMAILS,
    need_emails.EMAILS,
    outage_emails.EMAILS,
    clarification_emails.EMAILS,
    bid_emails.EMAILS,
    assessment_emails.EMAILS,
    award_emails.EMAILS,
    contract_emails.EMAILS,
    subscription_emails.EMAILS,
    invoice_emails.EMAILS,
    paying_emails.EMAILS,
    card_emails.EMAILS,
    search_emails.EMAILS,
)
MAIL_EVENTS = frozenset(name for room in WRITERS for name in room)


def mail(lines: Sequence[JournalLine]) -> None:
    """Writes the mails that each room says an event calls for."""
    for line in lines:
        letters = [letter for room in WRITERS if line.event in room for letter in room[line.event](line)]
        write_letters(line, letters)


# Who looks at what in Stripe when it says that something happened there.
gateway.put_together(card_payments.LOOKS, subscription_money.LOOKS)

LISTENERS: tuple[jobs.Listener, ...] = (
    jobs.Listener("index", indexing.INDEX_EVENTS, indexing.react, takes_batches=True),
    jobs.Listener("meaning", indexing.INDEX_EVENTS, meaning.react, takes_batches=True),
    jobs.Listener("drafts", sweeping.SWEEP_EVENTS, sweeping.react, takes_batches=True),
    jobs.Listener("mail", MAIL_EVENTS, mail),
    jobs.Listener("alerts", alerts.ALERT_EVENTS, alerts.react),
    jobs.Listener("stripe", gateway.EVENTS, gateway.react),
    jobs.Listener("subscriptions", subscriptions.TRIAL_EVENTS, subscriptions.react),
    jobs.Listener("subscriptions at Stripe", subscriptions.WISHES, subscriptions.bring_wishes),
    jobs.Listener("notices", notices.NOTICE_EVENTS, notices.react),
)

# Events that nobody needs to react to, and why.
_OWN_ACCOUNT = "the person did it and saw it done"
_ON_RECORD = "being on record is all that it needs"
_DRAFT = "nobody but its writers may know of a draft"
_UNTIL_TOLD = "bidders learn of the assessment at once, by the summaries"
NONE_BECAUSE: dict[str, str] = {
    **dict.fromkeys(("NameChanged", "SessionsEnded", "InvitationAccepted"), _OWN_ACCOUNT),
    **dict.fromkeys(("SavedSearchStopped", "RhythmChanged", "NeedMuted", "NeedUnmuted"), _OWN_ACCOUNT),
    **dict.fromkeys(("FollowConfirmed", "FollowStopped"), _OWN_ACCOUNT),
    **dict.fromkeys(("JoinAsked", "InvitationWithdrawn", "RolesChanged", "MembershipEnded"), _ON_RECORD),
    **dict.fromkeys(("PaymentsReportPublished",), "the council's public payment record shows it"),
    **dict.fromkeys(("BandChosen", "NewNeedsKeptOpen"), "the council's page shows it"),
    **dict.fromkeys(("CardPageClosed", "BroughtToStripe", "SubscriptionStateChanged", "StripeBalanceMoved"), _ON_RECORD),
    **dict.fromkeys(("DeliveryTriedAgain", "MailTriedAgain", "ExportMade", "JournalChecked"), _ON_RECORD),
    **dict.fromkeys(("NoticeRaised", "NoticeRecorded", "NoticeDropped"), _ON_RECORD),
    **dict.fromkeys(("OutageBegan", "OutageEnded"), "councils are told need by need; the administrator's page shows it"),
    **dict.fromkeys(("RecoveryKeyMade", "RecoveryKeyConfirmed", "RecoveryKeyRetired"), "the council's page shows it"),
    **dict.fromkeys(("ShareRecoveryAsked", "ShareRecoveryApproved"), "who acts next finds it among what waits"),
    **dict.fromkeys(("ShareRecoveryRefused",), _ON_RECORD),
    **dict.fromkeys(("OutageAnswered",), "more time is told by NeedExtended; the need's page says when there is none"),
    **dict.fromkeys(("WatchStopped", "TraceKept", "TraceRemoved", "RegisterClosed", "InvoiceEmptied"), _ON_RECORD),
    **dict.fromkeys(("StripeModeSet", "StripeAccountAsked", "StripeAccountConnected", "CardPaymentPaidOut", "CardPaymentLookedAt"), _ON_RECORD),
    **dict.fromkeys(("StripeAccountChanged", "StripeAccountLookedAt"), "the firm sees it where it gives Stripe its details"),
    **dict.fromkeys(("CardConsentGiven", "CardConsentEnded", "CardPaymentAsked", "CardPaymentGivenUp"), _OWN_ACCOUNT),
    **dict.fromkeys(("CardPageMade", "CardDeclined"), "the invoice's page shows it to who pays"),
    **dict.fromkeys(("DifferenceFound", "DifferenceResolved"), "the administrator's page shows what is open"),
    **dict.fromkeys(("QuestionWithdrawn", "SettingAsideRefused", "OpeningRefused"), _ON_RECORD),
    **dict.fromkeys(("NeedDrafted", "NeedSaved", "ApprovalTakenBack", "DraftDiscarded"), _DRAFT),
    **dict.fromkeys(("AmendmentSaved", "AmendmentDropped", "AmendmentTakenBack"), _DRAFT),
    **dict.fromkeys(("BidStarted", "BidDraftSaved", "BidDraftRestored"), _DRAFT),
    **dict.fromkeys(("FileUploadBegun", "FileUploadGivenUp", "InvoiceDocumentKept"), _DRAFT),
    **dict.fromkeys(("ContractDrafted", "ContractSaved", "ExplanationSaved"), _DRAFT),
    **dict.fromkeys(("OrderNumberNamed",), "the supplier finds it filled in when it sends an invoice"),
    **dict.fromkeys(("RemittanceImported", "RemittanceTriedAgain", "ArrivalCorrected"), "both sides' pages show it"),
    **dict.fromkeys(("BidDisregarded", "DisregardDeclined", "ScoreGiven", "ScoreAgreed"), _UNTIL_TOLD),
    **dict.fromkeys(("QualityAgreed", "PricesReleased", "LowPriceNoted", "TieDecided", "ScoresFrozen"), _UNTIL_TOLD),
    **dict.fromkeys(("StandstillSuspended", "StandstillLifted"), "the council acts on it; the contract page shows it"),
}

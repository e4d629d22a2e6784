"""What can go wrong with sealed content; no message ever carries a secret or any content."""


class SealingError(Exception):
    """Anything that sealing refuses to do."""


class SealBroken(SealingError):
    """The sealed bytes were altered, cut short, or belong somewhere else."""


class WrongKey(SealBroken):
    """This key does not fit this blob (or the blob's head was altered)."""


class WrongPassphrase(SealingError):
    """This passphrase does not fit this blob."""


class WrongShare(SealingError):
    """A share is damaged, or does not belong with the others."""


class NotEnoughShares(SealingError):
    """Fewer openers than the need asks for have given their share."""


class KeyForgotten(SealingError):
    """The key was used after its opening had ended."""


class KeyMissing(SealingError):
    """The folder holds no key of this name."""


class KeyExists(SealingError):
    """The folder already holds a key of this name; keys are never overwritten."""


class ReceiptBroken(SealingError):
    """The receipt was altered, or another service signed it."""

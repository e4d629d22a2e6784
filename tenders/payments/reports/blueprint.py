"""The blueprint of the payment reports' pages."""

from flask import Blueprint

blueprint = Blueprint("payment_reports", __name__)

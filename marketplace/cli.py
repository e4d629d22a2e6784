"""The `marketplace` program: run it, upgrade it, fill it, take things in, get things out, check it.

Each command imports what it needs when it is called: `run`, which people wait for, needs little.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from marketplace import config
from marketplace.config import SettingRefused

CANNOT_TELL = 2
FAULTS_SHOWN = 100
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def main() -> None:
    """Entry point: turns refusals into one sentence and an exit code instead of a traceback."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.exceptions.Abort:
        stop("Stopped.", 130)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except Exception as fault:
        from marketplace.starting import in_words

        if said := in_words(fault):
            stop(said)
        raise


def stop(message: str, code: int = 1) -> NoReturn:
    """Ends the program with a sentence on standard error."""
    click.echo(message, err=True)
    sys.exit(code)


def tell(message: str) -> None:
    """Progress goes to standard error, so that standard output holds results only."""
    click.echo(message, err=True)


def prepare_current() -> config.Settings:
    """The settings; connects to the database and insists that it is at this version's revision."""
    from marketplace import starting

    return starting.prepare_current()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """The open procurement marketplace. Settings come from the environment (see README)."""


@cli.command()
def upgrade() -> None:
    """Bring the database to this version, and load the councils and other reference data."""
    from marketplace import starting
    from marketplace.core import db
    from marketplace.upgrade import newest_revision, revision_of
    from marketplace.upgrade import upgrade as bring_up

    starting.prepare()
    before = revision_of(db.engine())
    bring_up(db.engine())
    _load_reference()
    tell(
        f"Database at revision {newest_revision()}"
        + ("." if before == newest_revision() else f" (was {before or 'empty'}).")
    )


def _load_reference() -> None:
    from marketplace.accounts.actions import load_councils
    from marketplace.app import create_app
    from marketplace.demo import opening_clock

    with create_app(config.current()).app_context(), opening_clock():
        load_councils()


@cli.command()
@click.option("--port", type=int, help="First port to try on 127.0.0.1 (setting PORT).")
def run(port: int | None) -> None:
    """Serve the web pages and run the worker, until stopped with Ctrl-C."""
    from marketplace.serving import serve

    settings = config.load_settings()
    sys.exit(serve(settings, port or settings.port, lambda message: click.echo(message)))


@cli.command()
def worker() -> None:
    """Run a worker: index, mails, alerts, and what falls due by the clock."""
    from marketplace import starting
    from marketplace.app import create_app
    from marketplace.core import logs
    from marketplace.worker import Worker

    work = Worker(create_app(starting.prepare_to_serve()))
    logs.set_up()  # from here on, for what keeps it from starting is told to whoever starts it
    work.run()


@cli.command()
@click.option("--if-empty", is_flag=True, help="Do nothing when the database holds needs already.")
def demo(if_empty: bool) -> None:
    """Fill an empty copy with the demonstration and print its accounts."""
    from marketplace.demo import fill, is_empty, remind

    settings = prepare_current()
    if not is_empty():
        if if_empty:
            click.echo(remind(settings))
            return
        stop(
            "The database holds needs already; the demonstration goes into an empty one. Set MARKETPLACE_HOME to a new folder."
        )
    click.echo(fill(settings, tell))


@cli.command("import-notices")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_notices(file: Path) -> None:
    """Take in needs of others from an OCDS release package (JSON, JSON lines) or a Contracts Finder CSV export.

    The last line printed is JSON: rows, new, changed, unchanged, refused. Refused rows are written beside, by line.
    """
    from tenders.notices.importing import import_notices as take_in

    _take_in(take_in, file)


@cli.command("import-suppliers")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_suppliers(file: Path) -> None:
    """Take in supplier profiles from JSON lines (id, name, text, and more if there).

    The last line printed is JSON: rows, new, changed, unchanged, refused. Refused rows are written beside, by line.
    """
    from suppliers.importing import import_suppliers as take_in

    _take_in(take_in, file)


@cli.command("import-remittance")
@click.argument("council")
@click.argument("file", type=_FILE)
@click.option("--by", "email", default="", help="Whose act it is; not needed when one person of the council has the role finance.")
@click.option("--dates", type=click.Choice(["arrives", "sent"]), default="arrives", show_default=True,
              help="What the date in the file is: when the supplier has the money, or when it was sent.")
def import_remittance(council: str, file: Path, email: str, dates: str) -> None:
    """Record the payments that FILE (CSV) names exactly, for COUNCIL (the name in its page's address).

    Prints each line that matched nothing with the reason. The last line printed is JSON: reference, lines, matched,
    unmatched, new (false when this file was imported before: then nothing changes).
    """
    from marketplace.app import create_app
    from tenders.payments.paying.remittances import finance_member, import_remittance, outcome_of

    settings = prepare_current()
    with create_app(settings).app_context():
        member = finance_member(council, email)
        made, is_new = import_remittance(member, file.name, file.read_bytes(), dates)
        for line in made.lines:
            if line.problem:
                click.echo(f"Line {line.number}: {line.problem}")
        click.echo(json.dumps({**outcome_of(made), "new": is_new}))


def _take_in(take_in: Callable[..., dict[str, Any]], file: Path) -> None:
    from marketplace.app import create_app

    settings = prepare_current()
    with create_app(settings).app_context():
        counts = take_in(file, tell=tell, aside=settings.home / "refused")
    click.echo(json.dumps(counts))


@cli.command("reconcile-payments")
def reconcile_payments() -> None:
    """Compare Stripe with our record and the ledger; exit 1 when something differs, 2 when it cannot be told."""
    from marketplace.app import create_app
    from tenders.payments.comparing import reconcile
    from tenders.payments.gateway.door import GatewayDown, GatewayOff, GatewayRefused
    from tenders.payments.gateway.mode import insist_on_mode

    with create_app(prepare_current()).app_context():
        insist_on_mode()
        try:
            found = reconcile()
        except (GatewayDown, GatewayOff, GatewayRefused) as fault:
            stop(fault.message, CANNOT_TELL)
    for each in found.left:
        click.echo(f"{each.object_id}: {each.what}. We say {each.ours}, Stripe says {each.theirs}.")
    if found.mended:
        tell(f"{found.mended} more differed, and our side was brought in line.")
    if found.left:
        stop(f"{len(found.left)} differ. They stand on the administrator's page until they are resolved.")
    tell("Stripe and our record tell the same.")


@cli.command()
@click.option("--check", is_flag=True, help="Only compare index and database; exit 1 when they differ.")
def reindex(check: bool) -> None:
    """Rebuild the search index beside the old one and swap it in; searches go on meanwhile."""
    from marketplace.app import create_app
    from search import meaning
    from search.indexing import check_index, rebuild_index

    with create_app(prepare_current()).app_context():
        if check:
            differences = check_index()
            for line in differences[:20]:
                click.echo(line)
            click.echo(f"{len(differences)} differences.")
            sys.exit(1 if differences else 0)
        count = rebuild_index(tell)
        meaning.rebuild(tell)
    click.echo(f"{count} documents indexed.")


@cli.command("evaluate-matching")
@click.option("--suppliers", required=True, type=_FILE, help="JSON lines: id, name, text (a past contract a line).")
@click.option("--queries", required=True, type=_FILE, help="JSON lines: id, title, text of needs.")
@click.option("--qrels", required=True, type=_FILE, help="Lines of need, supplier, relevance, parted by tabs.")
@click.option("--engine", type=click.Choice(config.SEARCH_ENGINES), help="Default: MARKETPLACE_SEARCH_ENGINE.")
@click.option("--reverse", is_flag=True, help="Rank needs for suppliers; all needs of the file count as open.")
@click.option("--vectors", is_flag=True, help="Add closeness of meaning (see README: the extra `vectors`).")
@click.option("--run-out", type=click.Path(dir_okay=False, path_type=Path), help="Write the rankings here, 200 deep.")
def evaluate_matching(
    suppliers: Path,
    queries: Path,
    qrels: Path,
    engine: str | None,
    reverse: bool,
    vectors: bool,
    run_out: Path | None,
) -> None:
    """Measure how good matching is on known pairs, in an index of its own; nothing of this copy is read or changed.

    The last line printed is JSON: engine, queries, mrr, ndcg@10, recall@10, recall@50, ms_per_query (p50, p95),
    index_seconds. A run file has lines of who asked, who was found and the score, parted by tabs.
    Exit 1 when a file cannot be used.
    """
    from search.evaluation import UnreadableLine
    from search.evaluation_run import CannotEvaluate, evaluate

    settings = config.load_settings()
    config.install(settings)
    try:
        figures = evaluate(
            suppliers,
            queries,
            qrels,
            engine=engine or settings.search_engine,
            url=settings.url,
            tell=tell,
            is_reverse=reverse,
            with_vectors=vectors,
            run_out=run_out,
        )
    except (UnreadableLine, CannotEvaluate, OSError) as fault:
        stop(str(fault))
    click.echo(json.dumps(figures))


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(folder: Path) -> None:
    """Write every auditor's CSV file, the dictionary and the manifest to FOLDER. Put on record in the journal."""
    from marketplace.app import create_app
    from marketplace.auditors.actions import export_everything

    if folder.exists() and any(folder.iterdir()):
        stop(f"{folder} is not empty. Name a new folder, so that no old file is taken for a new one.")
    with create_app(prepare_current()).app_context():
        for line in export_everything(folder, tell):
            click.echo(line)


@cli.command("erase-person")
@click.argument("who")
@click.option("--reason", required=True, help="Why; stays in the journal for ever, so it names nobody.")
@click.option("--yes", is_flag=True, help="Do it. Without this, only say what would go.")
def erase_person(who: str, reason: str, yes: bool) -> None:
    """Erase a person's name and addresses; WHO is an email address, or a reference that begins with p_.

    An address without an account is erased from invitations, follows and emails. Exit 1 when somebody must first take
    over a duty.
    """
    from marketplace.admin.erasing_command import erase_whom
    from marketplace.app import create_app

    with create_app(prepare_current()).app_context():
        for line in erase_whom(who, reason, does_it=yes):
            click.echo(line)


@cli.command()
@click.option("--stop-watching", type=click.Choice(["web", "worker"]), help="This part is no longer watched from here.")
def outages(stop_watching: str | None) -> None:
    """List outages, newest first, with every need whose deadline each of them hit and where the decision stands."""
    from datetime import timedelta

    from tenders.outages.actions import stop_watching as stop_it
    from tenders.outages.report import tell_outages, watch_words

    settings = prepare_current()
    if stop_watching:
        stop_it(stop_watching)
    for line in watch_words(timedelta(seconds=settings.outage_seconds)):
        tell(line)
    for each in tell_outages(most=1000):
        click.echo(f"{each.away}: {each.failed}. {len(each.needs)} deadlines hit.")
        for need in each.needs:
            click.echo("  " + "; ".join(need))


@cli.group()
def audit() -> None:
    """Check the record."""


@audit.command()
@click.option("--checkpoint", "saved", multiple=True, type=_FILE, help="old checkpoints that somebody kept; may be repeated")
@click.option("--files", "reads_files", is_flag=True, help="read every sealed file, too")
def verify(saved: tuple[Path, ...], reads_files: bool) -> None:
    """Check chain, tree, checkpoints and bids: exit 0 when whole, 1 naming what is not, 2 when it cannot tell."""
    from sqlalchemy.exc import SQLAlchemyError

    from marketplace.transparency.checking import UnreadableCheckpoint, check_record, read_witnessed

    try:
        _prepare_audit()
        witnessed = read_witnessed([each.read_text("utf-8") for each in saved])
        report = check_record(witnessed, reads_files)
    except (SQLAlchemyError, SettingRefused, UnreadableCheckpoint, OSError, ValueError) as fault:
        stop(f"Cannot tell: {str(getattr(fault, 'orig', None) or fault).splitlines()[0]}", CANNOT_TELL)
    for each in report.not_checked:
        tell(f"Not checked: {each}.")
    if report.is_whole:
        click.echo(f"The journal is whole: {report.verdict.lines} lines.")
        click.echo(f"Checkpoints that agree: {report.checkpoints} kept here, {report.witnessed} kept by others.")
        return
    if not report.verdict.is_whole:
        click.echo(f"Line {report.verdict.first_bad}: {report.verdict.reason}.")
    for each in report.faults[:FAULTS_SHOWN]:
        click.echo(f"{each}.")
    if len(report.faults) > FAULTS_SHOWN:
        click.echo(f"… and {len(report.faults) - FAULTS_SHOWN} more.")
    sys.exit(1)


@audit.command("trace")
def audit_trace() -> None:
    """Check the trace of bidders' requests against the journal: exit 0 when whole, 1 naming what is not, 2 cannot tell."""
    from sqlalchemy.exc import SQLAlchemyError

    from tenders.traces.keeping import verify_trace

    try:
        prepare_current()
        verdict = verify_trace()
    except (SQLAlchemyError, SettingRefused, OSError, ValueError) as fault:
        stop(f"Cannot tell: {str(getattr(fault, 'orig', None) or fault).splitlines()[0]}", CANNOT_TELL)
    for each in verdict.faults:
        click.echo(f"{each}.")
    if not verdict.is_whole:
        sys.exit(1)
    click.echo(f"The trace is as recorded: {verdict.pieces} pieces. {verdict.unrecorded} bytes are not on record yet.")


@audit.command()
def checkpoint() -> None:
    """Sign the journal as it is now, if it grew, and print the newest checkpoint: for whoever keeps it elsewhere."""
    from marketplace.transparency.checkpoints import TreeForked, find_newest, make_checkpoint

    _prepare_audit()
    try:
        make_checkpoint()
    except TreeForked as fault:
        stop(f"Nothing was signed. {fault} Run: marketplace audit verify")
    newest = find_newest()
    if newest is None:
        stop("The journal is empty, so there is nothing to sign.")
    click.echo(newest.note, nl=False)


def _prepare_audit() -> None:
    from marketplace import starting
    from marketplace.core import db
    from marketplace.upgrade import revision_of

    starting.prepare()
    if not revision_of(db.engine()):
        stop(
            "There is no journal here: the database has no tables. Is MARKETPLACE_HOME or DATABASE_URL right?",
            CANNOT_TELL,
        )


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write every row (one point in time) and every file to one archive. Keys are left out: keep your own copy."""
    from marketplace.backup import BackupRefused, write_backup
    from marketplace.core import db
    from marketplace.tables import all_tables

    settings = prepare_current()
    try:
        counts = write_backup(db.engine(), all_tables(), settings.files_folder, file, tell)
    except (BackupRefused, OSError) as fault:
        stop(str(fault))
    click.echo(f"{sum(counts.values())} rows written to {file}.")
    click.echo(f"Not in it: the keys in {settings.keys_folder}. Without them sealed bids and drafts cannot be read.")


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--every", default=5.0, show_default=True, help="seconds between two rounds")
@click.option("--once", is_flag=True, help="one round, and stop")
def follow(folder: Path, every: float, once: bool) -> None:
    """Keep a second copy of database (SQLite) and files in FOLDER, until stopped. Keys are left out."""
    from sqlalchemy.engine import make_url

    from marketplace.following import CannotFollow, Follower

    settings = prepare_current()
    url = make_url(settings.url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if not is_sqlite:
        tell("Only files are copied here: docs/operating.md says how PostgreSQL keeps a second copy of its rows.")
    follower = Follower(Path(url.database or "") if is_sqlite else None, settings.files_folder, folder)
    while True:
        try:
            done = follower.once()
        except (CannotFollow, OSError) as fault:
            stop(str(fault))
        if done.files or done.lines is not None:
            lines = "" if done.lines is None else f"{done.lines} lines of the journal, "
            click.echo(f"Copied: {lines}{done.files} files more.")
        if once:
            return
        time.sleep(every)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Restore an archive made by `backup` into an empty database and home."""
    from marketplace import starting
    from marketplace.backup import BackupRefused, read_backup
    from marketplace.core import db
    from marketplace.tables import all_tables

    settings = starting.prepare()
    try:
        counts = read_backup(file, db.engine(), all_tables(), settings.files_folder, tell)
    except (BackupRefused, OSError, KeyError, ValueError) as fault:
        stop(f"Nothing was restored: {fault}")
    click.echo(
        f"{sum(counts.values())} rows restored. "
        f"Now put the keys back under {settings.keys_folder}, and run: marketplace reindex"
    )


if __name__ == "__main__":
    main()

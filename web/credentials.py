"""Coming in and going out, and what a person may see and change of their own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext

from aggregator import accounts
from aggregator.errors import AccountError
from aggregator.storage import users
from web.forms import ID
from web.languages import LANGUAGES
from web.services import reading, services, writing

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection
    from werkzeug.wrappers import Response

blueprint = Blueprint("credentials", __name__)

SCOPES = ("read", "write")


@blueprint.get("/login")
def login() -> ResponseReturnValue:
    return render_template("login.html", problem="")


@blueprint.post("/login")
def log_in() -> ResponseReturnValue:
    """To the first page, whatever address the form may name."""
    with services().database.write() as connection:
        user = users.find_user(connection, _field("name"))
        right = accounts.is_password(connection, None if user is None else user.id, _field("password"))
        if user is not None and right:
            _begin(connection, user.id)
            return redirect(url_for("entries.home"), 303)
    problem = gettext("There is no account with this name and this password.")
    return render_template("login.html", problem=problem), 403


def _field(name: str) -> str:
    return request.form.get(name, "").replace("\0", "")


def _begin(connection: Connection, user_id: int) -> None:
    """A new session; nothing of the old one is kept, so that nobody can have planted it."""
    session.clear()
    browser = request.user_agent.string.replace("\0", "")
    session["login"] = accounts.log_in(connection, user_id, browser=browser, now=services().clock())
    session.permanent = True


@blueprint.post("/logout")
def log_out() -> Response:
    with writing() as (connection, reader):
        if g.session is not None:
            users.end_session(connection, reader, g.session.id)
    session.clear()
    return redirect(url_for("credentials.login"), 303)


# ── the link of the first start ──────────────────────────────────────────────────────────────────


@blueprint.get("/setup/<string(maxlength=100):token>")
def setup(token: str) -> str:
    _check_setup(token)
    return render_template("setup.html", token=token, problem="")


@blueprint.post("/setup/<string(maxlength=100):token>")
def set_up(token: str) -> ResponseReturnValue:
    _check_setup(token)
    try:
        hashed = accounts.hash_password(_twice())
    except AccountError:
        return render_template("setup.html", token=token, problem=_unfit()), 422
    with services().database.write() as connection:
        if not accounts.is_setup_token(connection, token, now=services().clock()):
            abort(404)
        owner = users.get_owner(connection)
        users.set_password(connection, owner.id, hashed)
        _begin(connection, owner.id)
    return redirect(url_for("entries.home"), 303)


def _check_setup(token: str) -> None:
    with services().database.read() as connection:
        if not accounts.is_setup_token(connection, token, now=services().clock()):
            abort(404)


def _twice() -> str:
    """The new password. Raises `AccountError` where it was not typed twice alike."""
    password = _field("new")
    if password != _field("again"):
        raise AccountError("password", "differs")
    return password


def _unfit() -> str:
    return gettext(
        "Type the new password twice alike; at least %(least)s characters.",
        least=accounts.MIN_PASSWORD_CHARACTERS,
    )


# ── one's own account ────────────────────────────────────────────────────────────────────────────


@blueprint.get("/account")
def account() -> str:
    return render_template("account.html", languages=LANGUAGES, problem="")


@blueprint.post("/account/language")
def language() -> Response:
    chosen = _field("language") or None
    if chosen is not None and chosen not in LANGUAGES:
        abort(400)
    with writing() as (connection, reader):
        users.set_language(connection, reader, chosen)
    return redirect(url_for("credentials.account"), 303)


@blueprint.post("/account/password")
def password() -> ResponseReturnValue:
    """All other sessions end, and this one goes on under a new id."""
    problem = ""
    with writing() as (connection, reader):
        if g.person.has_password and not accounts.is_password(connection, reader, _field("old")):
            problem = gettext("This is not your password.")
        else:
            try:
                users.set_password(connection, reader, accounts.hash_password(_twice()))
                _begin(connection, reader)
            except AccountError:
                problem = _unfit()
    if problem:
        return render_template("account.html", languages=LANGUAGES, problem=problem), 422
    flash(gettext("Your password was changed. You are logged out everywhere else."))
    return redirect(url_for("credentials.account"), 303)


@blueprint.get("/account/sessions")
def sessions() -> str:
    with reading() as (connection, reader):
        found = users.list_sessions(connection, reader)
    current = g.session.id if g.session is not None else None
    return render_template("sessions.html", sessions=found, current_id=current)


@blueprint.post(f"/account/sessions/<{ID}:session_id>/end")
def end_session(session_id: int) -> Response:
    with writing() as (connection, reader):
        users.end_session(connection, reader, session_id)
    return redirect(url_for("credentials.sessions"), 303)


@blueprint.get("/account/keys")
def keys() -> str:
    return _show_keys()


def _show_keys(*, made: str = "", problem: str = "") -> str:
    with reading() as (connection, reader):
        found = users.list_keys(connection, reader)
    return render_template("keys.html", keys=found, made=made, problem=problem)


@blueprint.post("/account/keys")
def make_key() -> ResponseReturnValue:
    scope = _field("scope")
    if scope not in SCOPES:
        abort(400)
    try:
        with writing() as (connection, reader):
            made = accounts.make_key(
                connection, reader, name=_field("name"), scope=scope, now=services().clock()
            )
    except AccountError:
        problem = gettext("Give the key a short name; you may have %(most)s keys.", most=accounts.MAX_KEYS)
        return _show_keys(problem=problem), 422
    return _show_keys(made=made)


@blueprint.post(f"/account/keys/<{ID}:key_id>/revoke")
def revoke_key(key_id: int) -> Response:
    with writing() as (connection, reader):
        users.remove_key(connection, reader, key_id)
    return redirect(url_for("credentials.keys"), 303)

"""What people do with sources on the page: try an address, add it, change it, switch it, enter what it said by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from html import escape

import streamlit as st

from feeds import by_hand, registry
from feeds.model import Feed, FeedKind
from feeds.overlay import OverlayProblem
from feeds.registry import Change, Registry, RegistryProblems, span_text
from feeds.trial import Attempt
from indicators import registering
from indicators.charts.board import moment
from indicators.charts.theme import DARK
from indicators.model.level import Level
from indicators.pages import frame, reading
from indicators.pages.feed_board import last_change
from indicators.settings import data_folder, feeds_overlay

SHOWN = 6
GRADES = "ABCDEF"


@st.cache_resource(ttl=60, show_spinner=False, max_entries=2)
def _kept(_replayed: str) -> Registry:
    try:
        return registry.load_feeds(data_folder() / "feeds", overlay=feeds_overlay(reading.settings()))
    except RegistryProblems:
        # The page says what is wrong with the registry; there is nothing to tell beside it.
        return Registry(feeds=())


def known(replayed: str) -> Registry:
    """The registry with its notes and what people changed; empty in a replay, whose sources are recorded."""
    return Registry(feeds=()) if replayed else _kept(replayed)


def forget() -> None:
    """Read the registry again: somebody has changed it."""
    _kept.clear()
    reading.registered.clear()
    st.cache_data.clear()


def desk(book: Registry, dark: Sequence[str], *, closed: str) -> None:
    """Everything people can do; `closed` says in one sentence why not, `dark` which sources are troubled, first."""
    if closed:
        frame.quiet(escape(closed), panel=True)
        return
    told = st.session_state.pop("feeds_told", "")
    if told:
        st.success(told)
    new, change, enter = st.tabs(["Try or add a source", "Change or test a source", "Enter by hand"])
    with new:
        _new(book)
    with change:
        _change(book, dark)
    with enter:
        _enter(book, dark)


def _done(line: str) -> None:
    st.session_state["feeds_told"] = line
    forget()
    st.rerun()


def _signed(key: str) -> tuple[str, str]:
    who, why = st.columns([1, 2])
    by = who.text_input("Your name", value=frame.officer(), key=f"{key}_by", max_chars=80)
    reason = why.text_input("Reason", key=f"{key}_reason", max_chars=300)
    return by.strip(), reason.strip()


def _unsigned(by: str, reason: str) -> bool:
    if by and reason:
        st.session_state["officer"] = by
        return False
    st.error("Give your name and a reason: people will ask who changed it, and why.")
    return True


# --- try and add ------------------------------------------------------------------------------------------------------


def _new(book: Registry) -> None:
    with st.form("feeds_try", border=False):
        url = st.text_input(
            "Address of a feed, a channel or a page that names one",
            key="feeds_try_url",
            placeholder="https://t.me/s/channel, https://paper.example/rss, https://paper.example",
            max_chars=2000,
        ).strip()
        if st.form_submit_button("Try it", type="primary") and url:
            _try(url)
    found: Attempt | None = st.session_state.get("feeds_found")
    if found is None:
        frame.quiet("Nothing is kept until you add it. The address is asked as the poller would ask it.")
        return
    st.html(what_was_found(found))
    if found.leads_to:
        _choose(found.leads_to)
    if found.parsed is not None:
        _add(book, found)


def _try(url: str, feed: Feed | None = None, slot: str = "feeds_found") -> None:
    if not registering.is_address(url):
        st.error("This is no web address without a password; write https://host/path.")
        return
    with st.spinner("Asking and reading…"):
        now = datetime.now(UTC)
        st.session_state[slot] = asyncio.run(registering.look(url, reading.settings(), now=now, feed=feed))


def _choose(leads_to: Sequence[tuple[str, str]]) -> None:
    titles = dict(leads_to)
    chosen = st.selectbox(
        "The page announces these", list(titles), format_func=lambda url: f"{titles[url] or 'feed'} — {url}"
    )
    if st.button("Try this one") and chosen:
        _try(chosen)
        st.rerun()


def _add(book: Registry, found: Attempt) -> None:
    feeds = {feed.feed_id: feed for feed in book}
    held = registering.asked_already(found.url, feeds)
    if held is not None:
        frame.quiet(f"It is registered already, as <b>{escape(held.name)}</b> ({escape(held.feed_id)}).")
        return
    proposed = registering.propose(found, feeds)
    with st.form("feeds_add", border=True):
        named, ids = st.columns([2, 1])
        name = named.text_input("Name", value=proposed.name, max_chars=120)
        feed_id = ids.text_input("Short name for ever", value=proposed.feed_id, max_chars=64)
        spoken, carries, owned, graded = st.columns([1, 2, 1, 1])
        languages = spoken.text_input("Languages", value=",".join(proposed.languages))
        topics = carries.text_input("Can carry (topics)", value=",".join(proposed.topics))
        owner = owned.text_input("Owner", value=proposed.owner)
        grade = graded.selectbox("Grade", list(GRADES), index=5)
        by, reason = _signed("feeds_add")
        if not st.form_submit_button("Add this source", type="primary") or _unsigned(by, reason):
            return
    feed = registering.propose(
        found,
        feeds,
        feed_id=feed_id.strip(),
        name=name,
        languages=_words(languages),
        topics=_words(topics),
        owner=owner.strip(),
        grade=str(grade),
    )
    if feed.feed_id in feeds:
        st.error(f"{feed.feed_id} is {feeds[feed.feed_id].name} already; choose another short name.")
        return
    try:
        change = Change(at=datetime.now(UTC), by=by, reason=reason, what="added")
        registering.register(reading.settings(), [feed], change)
    except OverlayProblem as problem:
        st.error(str(problem))
        return
    st.session_state.pop("feeds_found", None)
    _done(f"{feed.name} is added; a running poller visits it at its next turn.")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.replace(",", " ").lower().split() if word)


# --- change and test --------------------------------------------------------------------------------------------------


def _pick(book: Registry, dark: Sequence[str], key: str, label: str) -> Feed | None:
    feeds = {feed.feed_id: feed for feed in book}
    order = [*(one for one in dark if one in feeds), *sorted(feeds.keys() - set(dark), key=lambda one: feeds[one].name)]
    chosen = st.selectbox(
        label,
        order,
        index=None,
        key=key,
        placeholder="choose a source; the troubled stand first",
        format_func=lambda one: f"{'◆ ' if one in dark else ''}{feeds[one].name} ({one})",
    )
    return feeds.get(chosen) if chosen else None


def _change(book: Registry, dark: Sequence[str]) -> None:
    feed = _pick(book, dark, "feeds_change_id", "Source")
    if feed is None:
        frame.quiet("A change is kept apart from what was shipped, with who made it, when and why.")
        return
    note, changes = book.notes.get(feed.feed_id, ""), book.changes.get(feed.feed_id, ())
    told = [escape(note)] if note else []
    told += [f"{len(changes)} changes; the last: {last_change(changes)}"] if changes else []
    if told:
        frame.quiet("<br>".join(told), panel=True)
    if feed.url and st.button("Test it now", key="feeds_test"):
        _try(feed.url, feed, "feeds_tested")
    tested: Attempt | None = st.session_state.get("feeds_tested")
    if tested is not None and tested.asked == feed.url:
        st.html(what_was_found(tested))
    _edit(feed, note)


def _edit(feed: Feed, note: str) -> None:
    key = f"feeds_edit_{feed.feed_id}"
    with st.form(key, border=True):
        enabled = st.toggle("Visited by the poller", value=feed.enabled, key=f"{key}_enabled")
        named, address = st.columns([1, 2])
        graded, asked, carries, spoken = st.columns([1, 1, 2, 1])
        shown: dict[str, object] = {
            "name": named.text_input("Name", value=feed.name, key=f"{key}_name", max_chars=120),
            "url": address.text_input("Address", value=feed.url, key=f"{key}_url", max_chars=2000),
            "reliability": graded.selectbox(
                "Grade", list(GRADES), index=GRADES.index(feed.reliability), key=f"{key}_grade"
            ),
            "interval": asked.text_input("Asked every", value=span_text(feed.interval), key=f"{key}_interval"),
            "topics": carries.text_input("Can carry (topics)", value=",".join(feed.topics), key=f"{key}_topics"),
            "languages": spoken.text_input("Languages", value=",".join(feed.languages), key=f"{key}_languages"),
            "note": st.text_input("Note", value=note, key=f"{key}_note", max_chars=500),
        }
        by, reason = _signed(key)
        if not st.form_submit_button("Save", type="primary") or _unsigned(by, reason):
            return
    values = _differing(feed, note, shown, enabled=enabled)
    if not values:
        st.error("Nothing was changed.")
        return
    what = ", ".join(_told(key, value) for key, value in values.items())
    try:
        change = Change(at=datetime.now(UTC), by=by, reason=reason, what=what)
        registering.amend(reading.settings(), feed, values, change)
    except OverlayProblem as problem:
        st.error(str(problem))
        return
    _done(f"{feed.name}: {what}; a running poller takes it up at its next turn.")


def _differing(feed: Feed, note: str, shown: Mapping[str, object], *, enabled: bool) -> dict[str, object]:
    """The keys whose values a person changed, as a registry file writes them."""
    before: dict[str, object] = {
        "name": feed.name,
        "url": feed.url,
        "reliability": feed.reliability,
        "interval": span_text(feed.interval),
        "topics": ",".join(feed.topics),
        "languages": ",".join(feed.languages),
        "note": note,
    }
    values: dict[str, object] = {}
    for key, value in shown.items():
        said = str(value).strip()
        if said != before[key]:
            values[key] = list(_words(said)) if key in ("topics", "languages") else said
    return values | ({"enabled": enabled} if enabled != feed.enabled else {})


def _told(key: str, value: object) -> str:
    if key == "enabled":
        return "enabled" if value else "disabled"
    return f"{key} {','.join(map(str, value)) if isinstance(value, list) else value}"


# --- by hand ----------------------------------------------------------------------------------------------------------


def _enter(book: Registry, dark: Sequence[str]) -> None:
    feed = _pick(book, dark, "feeds_enter_id", "Whose words")
    with st.form("feeds_enter", border=True, clear_on_submit=False):
        text = st.text_area("The post, as it was published", height=160, max_chars=by_hand.LONGEST)
        upload = st.file_uploader("or a file of at most 8 MiB: its text, or a saved preview page or feed")
        linked, on, at = st.columns([2, 1, 1])
        url = linked.text_input("Where it stood", placeholder="https://…", max_chars=2000)
        day = on.date_input("Published on (UTC)", value=None)
        hour = at.time_input("at (UTC)", value=time(12, 0))
        by = st.text_input("Your name", value=frame.officer(), key="feeds_enter_by", max_chars=80).strip()
        if not st.form_submit_button("Enter it", type="primary"):
            frame.quiet(
                "It becomes an item of that source, marked with your name and the time, and is coded like any other. "
                "It does not make the source count as read."
            )
            return
    if feed is None or not by:
        st.error("Choose whose words these are, and give your name.")
        return
    st.session_state["officer"] = by
    content = upload.getvalue() if upload is not None else text.encode()
    published_at = datetime.combine(day, hour, tzinfo=UTC) if isinstance(day, date) else None
    try:
        found = asyncio.run(
            by_hand.from_document(
                feed, content, by=by, now=datetime.now(UTC), published_at=published_at, url=url.strip()
            )
        )
        added = reading.enter(found)
    except (by_hand.EntryRefused, reading.Unreadable) as refusal:
        st.error(str(refusal))
        return
    st.success(f"{added} new items of {len(found)} entered for {feed.name}; coded at the next turn of the poller.")


# --- what was found ---------------------------------------------------------------------------------------------------


def what_was_found(found: Attempt) -> str:
    """What an address gave: its kind, title, newest entries with the rule behind each date, and what is wrong."""
    if found.parsed is None:
        mark = DARK.level(Level.WARNING if found.leads_to else Level.CRITICAL)
        word = "A page, not a feed" if found.leads_to else "Nothing can be read there"
        return _panel(mark.color, word, escape(found.reason))
    parsed = found.parsed
    mark = DARK.level(Level.WATCH if parsed.trouble else Level.NORMAL)
    kind = "RSS, RDF or Atom" if parsed.kind is FeedKind.SYNDICATION else parsed.kind.value.replace("_", " ")
    head = f"{parsed.title or 'no title'} — {kind}, {len(parsed.entries)} entries"
    told = [escape(found.reason)] if found.reason else []
    told += [f"moved for good to {escape(found.url)}"] if found.url and found.url != found.asked else []
    newest = sorted(parsed.entries, key=lambda entry: entry.published_at, reverse=True)
    rows = "".join(
        f"<tr><td>{moment(entry.published_at)}</td><td>{escape(entry.date_method)}, {entry.date_quality.value}</td>"
        f"<td>{escape(' '.join((entry.title or entry.text).split())[:160])}</td></tr>"
        for entry in newest[:SHOWN]
    )
    more = f"<p>and {len(newest) - SHOWN} older ones</p>" if len(newest) > SHOWN else ""
    return _panel(mark.color, escape(head), "<br>".join(told) + (f"<table>{rows}</table>{more}" if rows else ""))


def _panel(color: str, head: str, body: str) -> str:
    return f'<div class="v-found" style="--c:{color}"><strong>{head}</strong>{body}</div>'

"""What changed since the last report, told from the records of both pages, in three lists that never mix.

The world: new months, verdicts that turned, new data. The past: numbers that were told before and are others now, by
rows that came later. The method: definitions, tolerances, parameters, code. Where the method changed, numbers of the
past that differ are told there: nobody could say which part of it is due to late rows.
"""

from collections.abc import Iterator
from datetime import date, datetime
from math import isclose
from types import SimpleNamespace

from retail_analytics import words
from retail_analytics.language import decimal, message, phrase, phrase_for
from retail_analytics.months import window
from retail_analytics.publishing.series import ENDS, Series, series_of

LISTS = {
    "world": message("The world: new data"),
    "past": message("The past: restated"),
    "method": message("The method: how we measure"),
}
RECKONING = ("duckdb", "ibis-framework", "polars", "statsmodels")  # packages that numbers depend on
RELATIVE = ("count", "amount", "rate")  # estimates of which a relative change reads well
MOST_MONTHS = 6  # metrics whose newest month is told; the others stand in their exhibits
SAME = {
    "world": message("Nothing new: no month, verdict or note that the last report did not have."),
    "past": message("Nothing restated: all {n} numbers that both reports tell are the same."),
    "method": message("The same definitions, tolerances, parameters and code."),
}


def changes(now: dict, since: list[dict]) -> dict:
    """The three lists: since (what the earlier pages are), world, past, method; items have lead, text and facts.

    `since` are the records of earlier pages: that of an earlier month, that of the page of this month which is
    replaced; or one of them. Without any the lists are empty.
    """
    found = {"since": [one["report"] for one in since], **{name: [] for name in LISTS}, "compared": 0}
    for then in since:
        comparison = _Comparison(now, then)
        mark = phrase(" since {when}", when=issued(then["report"])) if then is not since[0] else ""
        for name in LISTS:
            for item in getattr(comparison, name)():
                found[name].append(item | {"lead": f"{item['lead']}{mark}."})
        found["compared"] += comparison.compared
    return found


def component(told: dict, visible: str, most: int) -> dict:
    """The lists as a page shows them, `most` items of each; `visible` is what only the data tell of the method."""
    lists = []
    for name, title in LISTS.items():
        items = [{"lead": item["lead"], "text": item["text"]} for item in told[name]]
        if name == "method" and visible:
            items.append({"lead": phrase("Visible, not new."), "text": visible})
        more = len(items) - most
        if more > 1:
            items = [*items[:most], {"lead": "", "text": phrase("{n} more are in the record of this page.", n=more)}]
        if told["since"]:
            items = items or [{"lead": "", "text": phrase(SAME[name], n=decimal(told["compared"]))}]
        lists += [{"kind": "list", "style": "changed", "title": phrase(title), "items": items}] if items else []
    return {"kind": "changed", "since": _since(told["since"]), "lists": lists}


def issued(report: dict) -> str:
    """24 Nov 2026, 22:30 UTC: when a page was made."""
    made = datetime.fromisoformat(report["made"])
    return f"{words.day(made.date())}, {made:%H:%M} UTC"


def _since(reports: list[dict]) -> str:
    if not reports:
        return phrase("There is no earlier report that holds its numbers: nothing can be compared.")
    first, *others = reports
    month = words.month(_day(first["month"]))
    said = phrase("Compared with the report of {month}, made on {when}", month=month, when=issued(first))
    beside = map(issued, others)
    replaced = (phrase(", and with the page that this one replaces, made on {when}", when=when) for when in beside)
    return "".join([said, *replaced, "."])


class _Comparison:
    """Two records: what of the later one is new, restated, or measured in another way."""

    def __init__(self, now: dict, then: dict):
        self.now, self.then = now, then
        self.series, self.earlier = series_of(now), series_of(then)
        self.definitions = [{one["name"]: one for one in record["definitions"]} for record in (now, then)]
        self.tolerances = [_tolerances(record) for record in (now, then)]
        self.came = [row for row in now["account"] if row not in then["account"]]
        unaccounted = not now["account"] and now["snapshot"] != then["snapshot"]
        self.data_changed = bool(self.came) or unaccounted
        method = [record["method"] for record in (now, then)]
        packages = [[one.get("packages", {}).get(name) for name in RECKONING] for one in method]
        self.reckoned_alike = method[0].get("reckoning") == method[1].get("reckoning") and packages[0] == packages[1]
        both = self.series.keys() & self.earlier.keys()
        self.compared = sum(len(self.series[key].numbers.keys() & self.earlier[key].numbers.keys()) for key in both)
        self.differing = {key: found for key in self.series if (found := self._differing(key))}

    def world(self) -> Iterator[dict]:
        yield from (self._turned(*pair) for pair in self._verdicts_turned("world"))
        months = [item for one in self.series.values() if (item := self._new_month(one))]
        yield from months[:MOST_MONTHS]
        yield from self._notes("world")
        if self.came:
            told = {"n": words.plural(len(self.came), "file"), "files": _files(self.came)}
            yield _item(phrase("New data"), phrase("{n} came since: {files}.", **told))

    def past(self) -> Iterator[dict]:
        yield from (self._turned(*pair) for pair in self._verdicts_turned("past"))
        restated = [key for key in self.differing if self._told_in(self.series[key].metric) == "past"]
        for key in sorted(restated, key=lambda key: bool(self.series[key].by)):
            yield self._difference(phrase("Restated"), key, self._why(self.series[key]))
        yield from self._notes("past")

    def method(self) -> Iterator[dict]:
        yield from self._defined_otherwise()
        yield from self._tolerated_otherwise()
        yield from (self._turned(*pair) for pair in self._verdicts_turned("method"))
        yield from self._made_otherwise()
        if self.data_changed:
            reason = phrase("rows came too, and their part cannot be told apart")
        else:
            reason = phrase("no rows came since")
        for key, one in self.series.items():
            if key in self.differing and self._told_in(one.metric) == "method" and not self._redefined(one.metric):
                yield self._difference(phrase("Numbers"), key, f"; {reason}")
        yield from self._notes("method")

    def _told_in(self, metric: str) -> str:
        """Where a number of the past that differs is told."""
        changed = self._redefined(metric) or not self.reckoned_alike or not self.data_changed
        return "method" if changed else "past"

    def _redefined(self, metric: str) -> bool:
        now, then = (of.get(metric) for of in self.definitions)
        return bool(now and then and any(now[name] != then[name] for name in ("definition", "formula", "unit")))

    def _differing(self, key) -> list[tuple]:
        """Places and their numbers, then and now, where both records tell them and they are not the same."""
        now, then = self.series[key], self.earlier.get(key)
        told = then.numbers if then else {}
        both = [(place, told[place], row) for place, row in now.numbers.items() if place in told]
        return [(place, was, row) for place, was, row in both if not _same(was, row)]

    def _difference(self, lead: str, key, why: str) -> dict:
        """One item for all differing numbers of a series: how many, and the one that differs most."""
        one, found, of = self.series[key], self.differing[key], self.earlier[key].numbers
        place, was, row = max(found, key=lambda item: _size(*item[1:]))
        name = _first_differing(was, row)
        by = words.listed(map(words.column, one.by)) if one.by else ""
        label = phrase("{label} by {column}", label=one.label, column=by) if by else one.label
        told = {"n": len(found), "all": len(of.keys() & one.numbers.keys())}
        often = "" if len(found) == 1 else phrase("{n} of {all} numbers; most, ", **told)
        late = self.earlier[key].provisional_from
        text = f"{label}, {often}{_placed(one, place)}: {_was_and_is(one, was, row, name)}"
        text += phrase(", then provisional") if late and late <= place[0] else ""
        facts = {"metric": one.metric, "by": one.by, "period": place[0], "group": [*place[1:]], "column": name}
        return _item(lead, f"{text}{why}.", **facts, was=was[name], now=row[name], numbers=len(found))

    def _why(self, one: Series) -> str:
        came = [row for row in self.came if row["table"] in (*one.tables, "corrections")]
        corrected = any(row["table"] == "corrections" or row["corrected"] for row in came)
        if not came:
            return ""
        if corrected:
            return phrase(", by corrections ({files})", files=_files(came))
        return phrase(", by late entries ({files})", files=_files(came))

    def _verdicts_turned(self, told_in: str) -> Iterator[tuple[dict, dict]]:
        earlier = {row["question"]: row for row in self.then["verdicts"]}
        for row in self.now["verdicts"]:
            before = earlier.get(row["question"])
            if before and before["word"] != row["word"]:
                measured, then = row["measured"] or {}, before["measured"] or {}
                metric = measured.get("metric")
                agreed = [of.get(metric) for of in self.tolerances]
                periods = [of.get("period", record["report"]["month"])
                           for of, record in ((measured, self.now), (then, self.then))]  # fmt: skip
                if metric != then.get("metric", metric) or self._redefined(metric) or agreed[0] != agreed[1]:
                    found = "method"
                else:
                    found = self._told_in(metric) if periods[0] == periods[1] else "world"
                if found == told_in:
                    yield row, before

    def _turned(self, row: dict, before: dict) -> dict:
        number = f", {row['number']}" + (f" ({row['interval']})" if row["interval"] else "") if row["number"] else ""
        told = {"question": row["question"], "then": before["word"], "now": row["word"], "number": number}
        text = phrase("{question}: “{then}” then, “{now}” now{number}.", **told)
        return _item(phrase("Turned"), text, question=row["question"], was=before["word"], now=row["word"])

    def _new_month(self, one: Series) -> dict | None:
        """The newest period of a series without groups, and the one before it, if the last report did not have it."""
        then = self.earlier.get(one.key)
        told = {place[0] for place in then.numbers} if then else set()
        known = [place for place, row in one.numbers.items() if row.get("value") is not None]
        if one.keys or not told or not one.dated or len(known) < 2 or known[-1][0] <= max(told):
            return None
        last, before = known[-1], known[-2]
        late = phrase("provisional") if one.provisional_from and one.provisional_from <= last[0] else ""
        told = {"now": _said(one, one.numbers[last], "value", _limits(one, one.numbers[last]), late)}
        told |= {"before": _said(one, one.numbers[before], "value"), "label": one.label}
        told |= {"period": _placed(one, last), "earlier": _placed(one, before)}
        text = phrase("{label}: {now} in {period} after {before} in {earlier}.", **told)
        return _item(phrase("New month"), text, metric=one.metric, period=last[0], now=one.numbers[last]["value"])

    def _notes(self, told_in: str) -> Iterator[dict]:
        """What was noted since: of the months after the last report's, of earlier ones, or a change of recording."""
        known = {(note["from_on"], note["text"]) for note in self.then["annotations"]}
        for note in self.now["annotations"]:
            if note["kind"] == "recording change":
                found = "method"
            else:
                found = "world" if note["from_on"][:7] > self.then["report"]["month"] else "past"
            if found == told_in and (note["from_on"], note["text"]) not in known:
                day = words.day(_day(note["from_on"]))
                when = phrase("From {day}: {note}", day=day, note=note["text"])
                yield _item(words.opening(words.named("kind", note["kind"])), when)

    def _defined_otherwise(self) -> Iterator[dict]:
        now, then = self.definitions
        for name in filter(self._redefined, now):
            what = next(part for part in ("definition", "formula", "unit") if now[name][part] != then[name][part])
            differ = sum(len(found) for key, found in self.differing.items() if self.series[key].metric == name)
            told = {"label": now[name]["label"], "part": phrase(what)}
            told |= {"then": _ended(then[name][what]), "now": _ended(now[name][what])}
            text = phrase("{label}: {part} was “{then}”, is “{now}”.", **told)
            numbers = words.plural(differ, "number")
            text += phrase(" {numbers} of earlier periods differ with it.", numbers=numbers) if differ else ""
            was, now_is = then[name][what], now[name][what]
            yield _item(phrase("Definition"), text, metric=name, was=was, now=now_is, numbers=differ)
        for lead, one, other in ((phrase("New here"), now, then), (phrase("No longer here"), then, now)):
            if names := [one[name]["label"] for name in one if name not in other]:
                yield _item(lead, f"{words.listed(names)}.", metrics=names)

    def _tolerated_otherwise(self) -> Iterator[dict]:
        now, then = self.tolerances
        for metric in dict.fromkeys([*now, *then]):
            in_both = all(metric in definitions for definitions in self.definitions)
            if in_both and now.get(metric) != then.get(metric):
                said = [_agreed(of.get(metric), self._written(metric)) for of in (then, now)]
                told = {"label": self.definitions[0][metric]["label"], "then": said[0], "now": said[1]}
                text = phrase("{label}: was {then}, is {now}.", **told)
                yield _item(phrase("Tolerance"), text, metric=metric, was=then.get(metric), now=now.get(metric))

    def _written(self, metric: str) -> SimpleNamespace:
        """How the values of a metric are written."""
        return next((_metric(one) for one in self.series.values() if one.metric == metric and not one.by),
                    SimpleNamespace(estimate="count", unit=""))  # fmt: skip

    def _made_otherwise(self) -> Iterator[dict]:
        """Parameters, notebook, code and packages that are not the same."""
        now, then = self.now["parameters"], self.then["parameters"]
        names = [name for name in now if name != "last_month" and now[name] != then.get(name)]
        if "months" in names and _begins(now) == _begins(then):
            names.remove("months")  # one more was covered
        if names:
            told = [_turned(name, then.get(name), now[name]) for name in names]
            yield _item(phrase("Parameters"), f"{words.listed(told)}.", parameters=names)
        now, then = self.now["method"], self.then["method"]
        if now.get("notebook") != then.get("notebook"):
            yield _item(phrase("Report"), phrase("Its notebook was changed: what it asks, or in which order."))
        packages = {name: (old, new) for name, new in now.get("packages", {}).items()
                    if (old := then.get("packages", {}).get(name)) != new}  # fmt: skip
        if packages:
            told = [_turned(name, old, new) for name, (old, new) in packages.items()]
            yield _item(phrase("Packages"), f"{words.listed(told)}.", packages=packages)
        if now.get("reckoning") != then.get("reckoning"):
            yield _item(phrase("Code"), phrase("The code that makes the numbers was changed."))
        elif now.get("code") != then.get("code"):
            yield _item(phrase("Code"), phrase("Only what shows the numbers was changed, not what makes them."))


def _begins(parameters: dict) -> date | None:
    """The first month that a report shows; None where its parameters do not tell."""
    told = parameters.get("last_month"), parameters.get("months")
    return window(*told)[0] if all(told) else None


def _turned(name: str, then, now) -> str:
    return phrase("{name} was {then}, is {now}", name=name, then=then or phrase("not there"), now=now)


def _item(lead: str, text: str, **facts) -> dict:
    return {"lead": lead, "text": text, **facts}


def _tolerances(record: dict) -> dict[str, dict]:
    """The tolerance of each metric that a page judges or draws with one."""
    found = {one["measured"]["metric"]: one["measured"].get("tolerance")
             for one in record["exhibits"] if one["measured"].get("metric")}  # fmt: skip
    for row in record["verdicts"]:
        measured = row["measured"] or {}
        if "tolerance_limit" in measured:
            agreed = {name: measured[f"tolerance_{name}"] for name in ("limit", "owner", "agreed_on")}
            found[measured["metric"]] = agreed
    return {metric: tolerance for metric, tolerance in found.items() if tolerance}


def _agreed(tolerance: dict | None, metric) -> str:
    if tolerance is None:
        return phrase("none")
    told = {"limit": words.limit(tolerance["limit"], metric), "owner": tolerance["owner"]}
    return phrase("{limit} (agreed by the {owner}, {day})", day=words.day(_day(tolerance["agreed_on"])), **told)


def _files(rows: list[dict]) -> str:
    """incidents.csv of 14 Nov 2026, and 3 others."""
    newest = sorted(rows, key=lambda row: (row["known_on"] or "", row["file"]), reverse=True)
    first = newest[0]
    said, others = phrase("{file} of {day}", file=first["file"], day=words.day(_day(first["known_on"]))), len(rows) - 1
    return said + (phrase_for(others, ", and {n} other", ", and {n} others", n=others) if others else "")


def _same(was: dict, now: dict) -> bool:
    return not any(_differ(was[name], now.get(name)) for name in was if name not in ENDS)


def _differ(was, now) -> bool:
    if was is None or now is None or isinstance(was, str) or isinstance(now, str):
        return was != now
    return not isclose(was, now, rel_tol=1e-7)


def _first_differing(was: dict, now: dict) -> str:
    return next(name for name in was if name not in ENDS and _differ(was[name], now.get(name)))


def _size(was: dict, now: dict) -> float:
    """How much a number differs, as a share of what it was."""
    name = _first_differing(was, now)
    if was[name] is None or now.get(name) is None:
        return float("inf")
    return abs(now[name] - was[name]) / (abs(was[name]) or 1)


def _was_and_is(one: Series, was: dict, now: dict, name: str) -> str:
    before, after = _said(one, was, name), _said(one, now, name)
    if before == after:
        return phrase("{number} as before, but for less than is shown", number=after)
    known = was[name] and now[name] is not None
    ratio = f" ({words.change(now[name] / was[name] - 1)})" if known and one.estimate in RELATIVE else ""
    return phrase("was {then}, is {now}{ratio}", then=before, now=after, ratio=ratio)


def _said(one: Series, row: dict, name: str, *beside: str) -> str:
    """A number as it is written, and what belongs beside it: of a share how many of how many."""
    if name != "value":
        return words.number(row[name])
    n, known = row.get("denominator"), row[name] is not None
    counts = words.n_of_n(row["numerator"], n) if one.estimate == "share" and n and known else ""
    parts = "; ".join(filter(None, (counts, *beside)))
    return words.value(row[name], _metric(one), n) + (f" ({parts})" if parts else "")


def _limits(one: Series, row: dict) -> str:
    if row.get("low") is None or row.get("high") is None:
        return ""
    return f"95 % {words.interval(row['low'], row['high'], lambda x: words.value(x, _metric(one), row['denominator']))}"


def _metric(one: Series) -> SimpleNamespace:
    return SimpleNamespace(estimate=one.estimate, unit=one.unit, every=one.every)


def _placed(one: Series, place: tuple) -> str:
    """Harbour, September 2026."""
    groups = [words.named(column, key) for column, key in zip(one.keys, place[1:], strict=True)]
    period = words.period(_day(place[0]), one.every) if one.dated else place[0]
    return ", ".join([*groups, period])


def _day(written: str) -> date:
    return date.fromisoformat(written if len(written) > 7 else f"{written}-01")


def _ended(text: str) -> str:
    return text.rstrip(".")

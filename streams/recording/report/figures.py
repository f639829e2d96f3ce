"""The figures of a report: what its page shows and `--json` writes, as plain JSON data.

Times are epoch milliseconds, lengths seconds, shares between 0 and 1. Money is in whatever unit
the price per thousand ads was given in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.recording.backtest_counts import BacktestCounts
from streams.recording.report.ads import OUTCOMES, STOPPED
from streams.recording.report.analysis import ReportAnalysis
from streams.recording.report.following import DAYS, EITHER, ORDERED, REJECTED, Following
from streams.recording.report.holdout_figures import holdout_figures
from streams.recording.report.list_figures import list_figures
from streams.recording.report.problem_figures import problem_figures
from streams.recording.report.sharing import Sharing
from streams.recording.report.time_figures import effect_figures, middle
from streams.suppression.policy import Policy
from streams.suppression.words import REASON_RANK, SCOPE_ORDER

PUBLISHED_SHARE_AFTER: Final = 0.52
"""Of the ads within 30 days of a purchase, those after it: the industry's published curve."""

MOST_NAMES: Final = 10
"""So many categories, brands and sites are named."""


class About(NamedTuple):
    """What a report is about."""

    recordings: Sequence[str]
    """Names of the files."""
    policy: Policy
    source: str
    """Where the policy comes from, in words."""
    cpm: float | None
    """The price of a thousand ads; None if it was not given."""


def figures(about: About, analysis: ReportAnalysis, counts: BacktestCounts) -> dict[str, Any]:
    """All figures of a report, in the order in which it tells them."""
    policy = about.policy
    return {
        "recordings": list(about.recordings),
        "policy": {"version": policy.version, "source": about.source},
        "period": {"first": analysis.first, "last": analysis.last},
        "records": counts.records.total() + counts.ignored.total(),
        "persons": analysis.persons,
        "requests": analysis.stopping.requests["all"],
        "ads": _by_outcome(analysis.stopping.ads),
        "followed": _followed(analysis.following),
        "stopped": _stopped(analysis),
        "effect": effect_figures(analysis.effect),
        "savings": _savings(analysis, about.cpm),
        "lists": list_figures(analysis.lists, analysis.last),
        "follow_most": {
            kind: _names(analysis.following, kind) for kind in ("category", "brand", "site")
        },
        "holdout": holdout_figures(analysis.holdout, policy),
        "links": _links(analysis.sharing),
        "problems": problem_figures(analysis.inputs, analysis.product_ids, counts),
    }


def _by_outcome(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts of ads by what became of them, and all of them together."""
    outcomes = {outcome: counts[outcome] for outcome in OUTCOMES}
    return {"all": sum(outcomes.values()), **outcomes}


def _followed(following: Following) -> dict[str, Any]:
    """The ads that would have followed people, and when."""
    ads = {
        kind: _by_outcome({outcome: following.ads[kind, outcome] for outcome in OUTCOMES})
        for kind in (EITHER, ORDERED, REJECTED)
    }
    days = {
        kind: [
            {
                "day": day,
                **_by_outcome({each: following.days[kind, day, each] for each in OUTCOMES}),
            }
            for day in range(-DAYS, DAYS)
        ]
        for kind in (ORDERED, REJECTED)
    }
    return {
        **ads,
        "by_days": days,
        "share_after_order": {
            "wanted": _share_after(days[ORDERED], lambda day: day["all"]),
            "shown": _share_after(days[ORDERED], lambda day: day["all"] - day[STOPPED]),
            "published": PUBLISHED_SHARE_AFTER,
        },
    }


def _share_after(days: Sequence[dict[str, int]], ads: Any) -> float | None:
    """Of the ads on these days, the share of those after; None without any."""
    wanted = sum(map(ads, days))
    return sum(ads(day) for day in days if day["day"] >= 0) / wanted if wanted else None


def _stopped(analysis: ReportAnalysis) -> dict[str, Any]:
    """What was stopped, in the order of the reasons' ranks and of the scopes."""
    counted = analysis.stopping.reasons
    keys = sorted(
        {(reason, scope) for reason, scope, _ in counted},
        key=lambda key: (REASON_RANK[key[0]], SCOPE_ORDER[key[1]]),
    )
    return {
        "reasons": [
            {
                "reason": reason,
                "scope": scope,
                "stopped": counted[reason, scope, "stopped"],
                "held_out": counted[reason, scope, "held_out"],
            }
            for reason, scope in keys
        ],
        "requests_left_with_nothing": analysis.stopping.requests["nothing"],
    }


def _savings(analysis: ReportAnalysis, cpm: float | None) -> dict[str, Any]:
    """What is not paid for, by three counts of it."""
    stopping = analysis.stopping
    shown = _by_outcome(stopping.impressions)

    def cost(ads: int) -> dict[str, Any]:
        return {"ads": ads, "money": None if cpm is None else round(ads * cpm / 1000, 2)}

    return {
        "cpm": cpm,
        "shown": cost(shown["all"]),
        "shown_of_stopped": cost(shown[STOPPED]),
        "requests_left_with_nothing": cost(stopping.requests["nothing"]),
        "stopped": cost(stopping.ads[STOPPED]),
    }


def _links(sharing: Sharing) -> dict[str, Any]:
    """What was said of ids, what they shared for it, and which ads that stopped."""
    return {
        "statements": sharing.statements.total(),
        "shares": sharing.shares.total(),
        "shares_recorded": sharing.recorded.total(),
        "median_share_seconds": middle(sharing.delays),
        "ads_stopped": sharing.ads.total(),
        "ids_spared": sharing.ids["spared"],
        "median_seconds": middle(sharing.seconds),
        "reasons": [
            {"reason": reason, "stopped": sharing.ads[reason]}
            for reason in sorted(sharing.ads, key=REASON_RANK.__getitem__)
        ],
    }


def _names(following: Following, kind: str) -> list[dict[str, Any]]:
    """The categories, brands or sites of most of the ads that followed people."""
    counted = following.names
    found = {
        name: _by_outcome({each: counted[kind, name, each] for each in OUTCOMES})
        for name in {name for of, name, _ in counted if of == kind}
    }
    most = sorted(found.items(), key=lambda item: (-item[1]["all"], item[0]))[:MOST_NAMES]
    return [
        {"name": name or None, "followed": ads, "ads": following.all[kind, name]}
        for name, ads in most
    ]

"""The states that the stages of the story must reach."""

import json
from dataclasses import dataclass
from typing import Any

from demo.loop.narration import Narrator, Unexpected
from demo.loop.records import Records
from demo.loop.traffic import Traffic
from iris_kedro.registry import Event
from iris_kedro.watcher.records.reading import Record
from iris_kedro.watcher.rules import Action


@dataclass(frozen=True)
class Expectations:
    """Waits for states of the registry, the database, the reports and the service.

    Every method raises Unexpected if the state is not reached.
    """

    narrator: Narrator
    records: Records
    traffic: Traffic

    def wait_for_verdict(self, version: str, verdict: str) -> dict[str, Any]:
        """Return the first monitoring report of a version with a verdict."""
        return self.narrator.wait(
            f"monitoring of version {version} to report {verdict!r}",
            self.records.monitoring,
            lambda report: (
                (report.get("version"), report.get("verdict")) == (version, verdict)
            ),
        )

    def wait_for_decision(self, action: Action, *, is_finished: bool = False) -> Record:
        """Return the watcher's first decision for an action."""
        found = self.narrator.wait(
            f"the watcher to {'finish a' if is_finished else 'decide'} {action.value}",
            lambda: self._find_decision(action),
            lambda each: each is not None and (each.outcome or not is_finished),
        )
        if found is None:
            raise Unexpected(f"a decision {action.value!r}", found)
        return found

    def wait_for_event(self, action: str, to: str) -> Event:
        """Wait until a move of Production to a version is complete; return it."""
        found = self.narrator.wait(
            f"a complete {action} to version {to} in the history",
            lambda: self._find_event(action, to),
            lambda event: event is not None and event.is_complete,
        )
        if found is None:
            raise Unexpected(f"a {action} to version {to}", found)
        return found

    def wait_for_share(self, share: float) -> None:
        """Wait until the canary has a share."""
        self.narrator.wait(
            f"the canary to get {share:.0%} of the requests",
            lambda: [each.share for each in self.records.events()],
            lambda shares: share in shares,
        )

    def wait_for_service(self, version: str) -> None:
        """Wait until one version handles all requests."""
        self.traffic.reset()
        self.narrator.wait(
            f"version {version} to handle all requests",
            lambda: self.traffic.measure()[0],
            lambda shares: shares.get(version, 0) == 1,
        )

    def read_reason(self, version: str) -> str:
        """Return the gate's most important reason for a version."""
        reasons = json.loads(self.records.tags(version)["reasons"])
        return str(reasons[0]) if reasons else ""

    def _find_decision(self, action: Action) -> Record | None:
        found = [each for each in self.records.decisions() if each.action == action]
        return found[0] if found else None

    def _find_event(self, action: str, to: str) -> Event | None:
        events = self.records.events()
        found = [each for each in events if (each.action, each.to) == (action, to)]
        return found[-1] if found else None

"""The stages of the story; each ends when the records say what it is about."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from demo.loop.flowers import OF_GIANTS, Gardener
from demo.loop.narration import Narrator, Unexpected, require
from demo.loop.processes import read_end
from demo.loop.project import CommandFailed, Project
from demo.loop.records import Records
from demo.loop.service import Service
from demo.loop.traffic import Traffic
from iris_kedro.registry import GUARDED, SHARE, VERDICT, Event
from iris_kedro.watcher.records.reading import Record
from iris_kedro.watcher.rules import Action, Outcome

LABELS = 800  # that the gardeners send at once
SEED = 7
SHARES = (0.05, 0.25, 1.0)
FIRST, RETRAINED, BAD = "1", "2", "3"
MISLABELLED = "mislabelled.csv"
BAD_REASON = "the gardener insists that the labels are right"


def train(narrator: Narrator, project: Project, records: Records) -> None:
    """Release a first model."""
    with narrator.tell("Train", "kedro run --env loop: iris, 150 flowers"):
        project.run("train", "run")
        aliases = records.aliases()
        require("version 1 in Production", aliases, aliases == {"Production": FIRST})
        verdict = records.tags(FIRST)[VERDICT]
        narrator.say(f"Version 1 is in Production: {verdict}")


@dataclass
class Story:
    """What happens once a service runs.

    Attributes:
        narrator: Tells it.
        project: Whose service it is.
        records: What the stages are checked by.
        service: The service.
        watcher: The process of ``kedro watch``.
        traffic: Its clients.
    """

    narrator: Narrator
    project: Project
    records: Records
    service: Service
    watcher: subprocess.Popen[bytes]
    traffic: Traffic

    def tell(self) -> None:
        """Tell all stages, in order."""
        self.narrator.check = self._check_processes
        self._quiet()
        self._drift()
        self._decide_not_to_train()
        self._label()
        self._retrain()
        self._prove()
        self._force_a_bad_model()
        self._roll_back()

    def _quiet(self) -> None:
        text = "Gardeners ask about flowers of iris; kedro watch looks on"
        with self.narrator.tell("Quiet", text):
            report = self._wait_for_verdict("quiet")
            self.narrator.say(f"Monitoring: {report['reasons'][0]}")

    def _drift(self) -> None:
        text = "Another garden: every flower is 1.8 times as large"
        with self.narrator.tell("Drift", text):
            self.traffic.forget()
            self.traffic.size = OF_GIANTS
            report = self._wait_for_verdict("data drift")
            self.narrator.say(f"Monitoring: {report['reasons'][0]}")
            self.narrator.say(
                f"Without labels it cannot know, but {self._describe_answers()}"
            )

    def _decide_not_to_train(self) -> None:
        text = "Drift is a trigger. But there is nothing new to learn from yet"
        with self.narrator.tell("Decision not to train", text):
            decision = self._wait_for_decision(Action.SKIP)
            require("the rule 'nothing new'", decision, decision.rule == "nothing new")
            self.narrator.say(f"kedro watch: {decision.action}: {decision.reason}")

    def _label(self) -> None:
        text = "The gardeners look again and send what the flowers really were"
        with self.narrator.tell("Labels", text):
            sent = self.traffic.label_latest(LABELS)
            require(f"{LABELS} labels sent", sent, sent == LABELS)
            _, stored = self.records.count_rows()
            require(f"{LABELS} labels stored", stored, stored == LABELS)
            decision = self._wait_for_decision(Action.RUN)
            self.narrator.say(f"kedro watch: {decision.action}: {decision.reason}")

    def _retrain(self) -> None:
        text = "The watcher's kedro run takes the labelled rows; the gate judges"
        with self.narrator.tell("Retrain, gate", text):
            decision = self.narrator.wait(
                "the run to make version 2 the canary",
                lambda: self._find_decision(Action.RUN),
                lambda found: found is not None and found.outcome is not None,
            )
            require(
                "version 2 as canary",
                decision,
                decision is not None
                and (decision.outcome, decision.version) == (Outcome.CANARY, RETRAINED),
            )
            metrics = self.records.metrics(RETRAINED)
            taken = metrics["rows.labelled.rows"]
            require(f"{LABELS} labelled rows taken", taken, taken == LABELS)
            self.narrator.say(
                f"{taken:.0f} labelled rows: {metrics['rows.labelled.train']:.0f} to"
                f" train on, {metrics['rows.labelled.test']:.0f} held out"
            )
            verdict = self.records.tags(RETRAINED)[VERDICT]
            require("the verdict better", verdict, verdict == "better")
            self.narrator.say(f"Gate: {verdict}. {self._read_reason(RETRAINED)}")

    def _prove(self) -> None:
        text = "Version 2 answers some gardeners; Production answers the same rows too"
        with self.narrator.tell("Canary, promotion", text):
            self.traffic.labels = True
            for share in SHARES:
                self._wait_for_share(share)
                self.narrator.say(f"{share:.0%} of the requests")
            aliases = self._wait_for_aliases(Production=RETRAINED, Previous=FIRST)
            promotion = self._find_event("promote", RETRAINED)
            require("a guard", promotion, promotion.guard == "set")
            self.narrator.say(f"Promoted: {promotion.reason}")
            require("no canary", aliases, "Canary" not in aliases)
            tags = self.records.tags(RETRAINED)
            require("no share any more", tags, SHARE not in tags)
            self._wait_for_service(RETRAINED)
            self.narrator.say(f"Guarded now. {self._describe_answers()}")

    def _force_a_bad_model(self) -> None:
        text = "Somebody trains on shuffled labels, and insists"
        with self.narrator.tell("A bad model", text):
            source = self.project.build / MISLABELLED
            source.write_text(Gardener(SEED).mislabel())
            self.project.run(
                "bad", "run", "--params", f"data_engineering.source={source}"
            )
            aliases = self.records.aliases()
            require("version 3 refused", aliases, aliases.get("Challenger") == BAD)
            verdict = self.records.tags(BAD)[VERDICT]
            require("the verdict unfit", verdict, verdict == "unfit")
            self.narrator.say(f"Gate: {verdict}. {self._read_reason(BAD)}")
            self.project.run("promote", "model", "promote", BAD, "--reason", BAD_REASON)
            promotion = self._find_event("promote", BAD)
            require("a guard", promotion, promotion.guard == "set")
            self.narrator.say(f"kedro model promote 3 --reason '{BAD_REASON}'")

    def _roll_back(self) -> None:
        text = "Version 2 answers the same rows beside version 3; labels decide"
        with self.narrator.tell("Guard, rollback", text):
            self._wait_for_aliases(Production=RETRAINED, Previous=BAD)
            event = self._find_event("rollback", RETRAINED)
            require("a hold", event, event.hold == "set" and self.records.hold())
            self.narrator.say(f"Rolled back by the watcher: {event.reason}")
            tags = self.records.tags(BAD)
            require("no guard any more", tags, GUARDED not in tags)
            self.traffic.forget()
            self._wait_for_service(RETRAINED)
            self.narrator.say("Releases are on hold until kedro model resume")

    def _wait_for_verdict(self, verdict: str) -> dict[str, Any]:
        return self.narrator.wait(
            f"the monitoring of version 1 to say {verdict!r}",
            self.records.monitoring,
            lambda report: (
                (report.get("version"), report.get("verdict")) == (FIRST, verdict)
            ),
        )

    def _wait_for_decision(self, action: Action) -> Record:
        found = self.narrator.wait(
            f"the watcher to decide {action.value!r}",
            lambda: self._find_decision(action),
            lambda decision: decision is not None,
        )
        if found is None:
            raise Unexpected(f"a decision {action.value!r}", found)
        return found

    def _find_decision(self, action: Action) -> Record | None:
        found = [each for each in self.records.decisions() if each.action == action]
        return found[0] if found else None

    def _wait_for_aliases(self, **aliases: str) -> dict[str, str]:
        return self.narrator.wait(
            f"the aliases {aliases}",
            self.records.aliases,
            lambda found: aliases.items() <= found.items(),
        )

    def _wait_for_share(self, share: float) -> None:
        self.narrator.wait(
            f"the canary to answer {share:.0%}",
            lambda: [each.share for each in self.records.events()],
            lambda shares: share in shares,
        )

    def _wait_for_service(self, version: str) -> None:
        self.traffic.forget()
        self.narrator.wait(
            f"version {version} to answer",
            lambda: self.traffic.measure()[0],
            lambda shares: shares.get(version, 0) == 1,
        )

    def _find_event(self, action: str, to: str) -> Event:
        events = self.records.events()
        found = [each for each in events if (each.action, each.to) == (action, to)]
        require(f"a {action} to version {to} in the history", events, found)
        return found[-1]

    def _read_reason(self, version: str) -> str:
        reasons = json.loads(self.records.tags(version)["reasons"])
        return str(reasons[0]) if reasons else ""

    def _describe_answers(self) -> str:
        _, right = self.traffic.measure()
        return ", ".join(
            f"version {version} is right about {share:.0%} of the flowers"
            for version, share in sorted(right.items())
        )

    def _check_processes(self) -> None:
        """Check that service, watcher and traffic go on.

        Raises:
            CommandFailed: If one of them has ended.
        """
        for name, process in (
            ("service", self.service.process),
            ("watch", self.watcher),
        ):
            if process.poll() is not None:
                log = self.project.logs / f"{name}.log"
                raise CommandFailed(
                    f"the process of {log} has ended with exit code"
                    f" {process.returncode}:\n{read_end(log)}"
                )
        if self.traffic.problem is not None:
            raise CommandFailed(f"a request has failed: {self.traffic.problem}")
